"""What the use cases need from the world, in the smallest pieces they need it in, by subject."""
