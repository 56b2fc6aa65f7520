using CsCheck;
using DomainGuard.Core.Events;

namespace DomainGuard.Core.Tests.Events;

public sealed class ExpiryWarningTests
{
    private static readonly DateTimeOffset End = new(2027, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Days left at the last answer (null: none) and now, and the warning.</summary>
    public static TheoryData<double?, double, int?> Table => new()
    {
        { null, 31, null },
        { null, 30, 30 },
        { null, 20, 30 },
        { null, 14, 14 },
        { null, 2, 3 },
        { null, 0, null },
        { null, -1, null },
        { 40, 29, 30 },
        { 40, 10, 14 },
        { 29, 15, null },
        { 29, 13.9, 14 },
        { 13, 3, 3 },
        { 3, 1, null },
        { 1, -1, null },
    };

    [Theory]
    [MemberData(nameof(Table))]
    public void A_warning_is_due_when_its_day_was_passed_since_the_last_answer(double? before, double now, int? warning) =>
        Assert.Equal(warning, ExpiryWarning.Due(before is null ? null : End, before is { } b ? End.AddDays(-b) : null, End, End.AddDays(-now)));

    [Fact]
    public void A_renewed_term_begins_anew() => Assert.Equal(30, ExpiryWarning.Due(End.AddYears(-1), End.AddDays(-21), End, End.AddDays(-20)));

    [Fact]
    public void Each_warning_is_given_at_most_once_a_term_whenever_the_domain_is_looked_at() => Gen.Double[0.01, 20].Array[1, 60].Sample(steps =>
    {
        DateTimeOffset? last = null;
        var now = End.AddDays(-60);
        List<int> given = [];
        foreach (var step in steps)
        {
            now = now.AddDays(step);
            if (ExpiryWarning.Due(last is null ? null : End, last, End, now) is { } warning)
            {
                given.Add(warning);
                Assert.True(End - now <= TimeSpan.FromDays(warning) && now < End);
            }

            last = now;
        }

        Assert.Equal(given.Distinct(), given);
        Assert.Equal(given.OrderDescending(), given);
    });
}
