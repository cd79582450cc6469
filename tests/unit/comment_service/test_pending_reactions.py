"""What is told when: gathered, once more later, and never lost while the store refuses."""

from __future__ import annotations

from comment_service.reactions.pending import PendingReactions, ReactionNews

GATHER_S, CONFIRM_S = 0.5, 3.0


def pending() -> PendingReactions:
    return PendingReactions(GATHER_S, CONFIRM_S)


def test_what_changes_within_the_gathering_time_is_told_together() -> None:
    video = pending()
    assert video.due_at is None
    video.change(1, 10.0)
    video.count("like", 2, 10.2)
    video.change(2, 10.3)
    video.count("like", 3, 10.4)
    video.change(1, 10.4)
    assert video.due_at == 10.5
    assert video.take(10.4) == ReactionNews()
    assert video.take(10.5) == ReactionNews({"like": 5}, True, (1, 2))
    assert video.due_at is None
    assert not video.new


def test_what_comes_while_it_is_told_waits_its_time() -> None:
    video = pending()
    video.count("like", 1, 10.0)
    news = video.take(10.5)
    video.count("wow", 1, 10.6)
    video.told(news, 10.7)
    assert video.due_at == 11.1
    assert video.take(11.1).added == {"wow": 1}


def test_what_was_told_is_told_once_more_and_then_no_more() -> None:
    video = pending()
    video.change(1, 10.0)
    video.count("like", 1, 10.0)
    video.told(video.take(10.5), 10.6)
    assert video.due_at == 13.6
    again = video.take(13.6)
    assert again == ReactionNews(video_again=True, again=(1,))
    video.told(again, 13.7)
    assert video.due_at is None
    assert video.comments == 0


def test_what_changes_before_it_was_told_once_more_is_news_again() -> None:
    video = pending()
    video.change(1, 10.0)
    video.change(2, 10.0)
    video.told(video.take(10.5), 10.5)
    video.change(2, 13.2)
    assert video.take(13.5) == ReactionNews(again=(1,))
    assert video.take(13.7) == ReactionNews(comments=(2,))


def test_what_changed_while_it_was_told_is_not_told_once_more_besides() -> None:
    video = pending()
    video.change(1, 10.0)
    news = video.take(10.5)
    video.change(1, 10.6)
    video.told(news, 10.7)
    assert video.comments == 1
    assert video.take(11.1) == ReactionNews(comments=(1,))


def test_a_storm_is_told_of_now_and_then_and_once_more_at_its_end() -> None:
    video = pending()
    told = 0
    counted = 0
    for tick in range(1_000):  # ten seconds
        now = tick / 100
        video.count("love", 100, now)
        news = video.take(now)
        if news.added:
            told += 1
            counted += news.added["love"]
            video.told(news, now)
        assert not news.video_again
    assert told <= 20
    last = video.take_new()
    assert counted + last.added["love"] == 100_000


def test_what_the_store_refused_is_kept_and_tried_after_a_pause() -> None:
    video = pending()
    video.count("like", 2, 10.0)
    video.change(1, 10.0)
    refused = video.take(10.5)
    video.count("like", 5, 10.6)
    video.change(2, 10.6)
    video.put_back(refused, 10.7, 4.0)
    assert (video.added, video.comments, video.failures) == (7, 2, 1)
    assert video.due_at == 14.7
    news = video.take(14.7)
    assert news.added == {"like": 7}
    assert sorted(news.comments) == [1, 2]
    video.told(news, 14.8)
    assert video.failures == 0


def test_what_was_counted_and_could_not_be_told_is_not_counted_twice() -> None:
    video = pending()
    video.count("like", 2, 10.0)
    news = video.take(10.5)
    video.put_back(ReactionNews({}, news.video, news.comments), 10.5, 0.5)
    news = video.take(11.0)
    assert (news.added, news.video) == ({}, True)


def test_telling_once_more_that_failed_is_tried_again() -> None:
    video = pending()
    video.change(1, 10.0)
    video.told(video.take(10.5), 10.5)
    video.put_back(video.take(13.5), 13.5, 0.5)
    assert video.take(14.0) == ReactionNews(comments=(1,))
