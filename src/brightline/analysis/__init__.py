"""What can be said of whole texts of terms: compared, checked, joined, replayed (DESIGN sections 1 and 4)."""
