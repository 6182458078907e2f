"""Our tables as Django's models, as `inspectdb` would write them."""

from __future__ import annotations

from typing import Any

from django.db import models


class Category(models.Model):  # type: ignore[misc]
    """A section."""

    path = models.TextField(unique=True)
    title = models.TextField()
    parent = models.ForeignKey("self", models.DO_NOTHING, null=True)

    class Meta:
        managed = False
        db_table = "category"

    @property
    def chain(self) -> list[Any]:
        """Those above it, and itself."""
        return [*(self.parent.chain if self.parent else []), self]


class Article(models.Model):  # type: ignore[misc]
    """An article."""

    uid = models.TextField()
    slug = models.TextField(unique=True)
    title = models.TextField()
    title_derived = models.BooleanField()
    summary = models.TextField(null=True)
    body = models.TextField()
    category = models.ForeignKey(Category, models.DO_NOTHING)
    language = models.TextField(null=True)
    sources = models.JSONField()
    authors = models.JSONField()
    tags = models.JSONField()
    media = models.JSONField()
    url = models.TextField(null=True)
    published = models.DateTimeField()
    updated = models.DateTimeField(null=True)
    correction = models.TextField(null=True)

    class Meta:
        managed = False
        db_table = "article"


class Feed(models.Model):  # type: ignore[misc]
    """A selection of articles."""

    kind = models.TextField()
    key = models.TextField()
    title = models.TextField()
    length = models.IntegerField()

    class Meta:
        managed = False
        db_table = "feed"


class FeedArticle(models.Model):  # type: ignore[misc]
    """That an article is in a feed."""

    pk = models.CompositePrimaryKey("feed_id", "article_id")
    feed_id = models.IntegerField()
    article_id = models.IntegerField()
    published = models.DateTimeField()

    class Meta:
        managed = False
        db_table = "feed_article"


class Change(models.Model):  # type: ignore[misc]
    """What happened to an article."""

    position = models.IntegerField(primary_key=True)
    kind = models.TextField()

    class Meta:
        managed = False
        db_table = "change"


class FeedChange(models.Model):  # type: ignore[misc]
    """The same, as one feed saw it."""

    pk = models.CompositePrimaryKey("feed_id", "position")
    feed_id = models.IntegerField()
    position = models.IntegerField()
    change = models.ForeignKey(Change, models.DO_NOTHING, db_column="change")
    article_id = models.IntegerField()
    gone = models.BooleanField()
    at = models.DateTimeField()

    class Meta:
        managed = False
        db_table = "feed_change"
