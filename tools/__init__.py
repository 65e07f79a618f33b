"""Programs of the developers: training, pictures, pages of the documentation. Never in the wheel."""
