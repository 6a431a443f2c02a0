"""What the node does of its own accord: offers to neighbours, clearing rounds."""
