using DomainGuard.Core.Events;

namespace DomainGuard.Core.Tests.Events;

/// <summary>When staff are mailed.</summary>
public sealed class MailRulesTests
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(null, 40)]
    [InlineData(-3_600, 40)]
    [InlineData(-560, 40)]
    [InlineData(-300, 300)]
    [InlineData(0, 600)]
    public void News_are_gathered_for_less_than_a_minute_and_wait_for_ten_after_the_last_mail(int? lastMail, int due) =>
        Assert.Equal(Noon.AddSeconds(due), MailRules.AtOnce(Noon, lastMail is { } s ? Noon.AddSeconds(s) : null));

    [Theory]
    [InlineData("2026-03-01T12:00:00Z", "2026-03-01T08:00:00Z")]
    [InlineData("2026-03-01T08:00:00Z", "2026-03-01T08:00:00Z")]
    [InlineData("2026-03-01T07:59:59Z", "2026-02-28T08:00:00Z")]
    [InlineData("2026-03-01T09:30:00+02:00", "2026-02-28T08:00:00Z")]
    public void A_day_of_mail_ends_at_eight_utc(string now, string digest) =>
        Assert.Equal(DateTimeOffset.Parse(digest, null), MailRules.Digest(DateTimeOffset.Parse(now, null)));

    [Fact]
    public void A_mail_is_tried_ever_more_seldom_and_for_a_day()
    {
        List<TimeSpan> waits = [];
        var age = TimeSpan.Zero;
        while (MailRules.Wait(waits.Count + 1, age) is { } wait)
        {
            waits.Add(wait);
            age += wait;
        }

        Assert.Equal([1, 2, 4, 8, 16, 32, 64, 120, 120], waits.Take(9).Select(w => (int)w.TotalMinutes));
        Assert.InRange(age, TimeSpan.FromHours(22), TimeSpan.FromHours(24));
        Assert.Null(MailRules.Wait(1, TimeSpan.FromDays(2)));
    }
}
