"""The typeface of documents, and how texts are set in it: for every service that makes PDFs."""
