"""Shipped recipes: one function a file, each naming the code or paper it follows."""
