"""Recommendations: videos like this one (`similar`), videos for these words (`search`), and how good they are."""
