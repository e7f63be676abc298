class UploadRefused(Exception):
    """What can't be taken, by the field it concerns, in words for people."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message
