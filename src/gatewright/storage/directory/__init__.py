"""The directory's lists and single objects as administrators see them: people, groups, applications, providers, ..."""
