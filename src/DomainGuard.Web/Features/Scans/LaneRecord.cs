using DomainGuard.Data.Providers;
using static DomainGuard.Data.Providers.SqlKind;

namespace DomainGuard.Web.Features.Scans;

/// <summary>Keeps the record of how an upstream host does: what the sources page shows.</summary>
internal static class LaneRecord
{
    private static readonly SqlStatement Answered = new(
        """
        UPDATE "Lane" SET "Asked" = "Asked" + @p0, "Answered" = "Answered" + @p1, "FailuresInRow" = 0, "LastAnsweredAt" = @p2,
        "RecentMs" = CASE WHEN "RecentMs" = 0 THEN @p3 ELSE (3 * "RecentMs" + @p3) / 4 END WHERE "Host" = @p4
        """,
        Number, Number, Instant, Number, Text);

    private static readonly SqlStatement Failed = new(
        """
        UPDATE "Lane" SET "Asked" = "Asked" + @p0, "FailuresInRow" = CASE WHEN @p1 = 0 THEN "FailuresInRow" + @p0 ELSE 0 END, "LastFailedAt" = @p2, "LastError" = @p3
        WHERE "Host" = @p4
        """,
        Number, Number, Instant, Text, Text);

    private static readonly SqlStatement Create = new(
        """
        INSERT INTO "Lane" ("Host", "Source", "NextSlotTicks", "NextKeptTicks", "FailuresInRow", "CanaryAnswers", "CanaryFailed", "Asked", "Answered", "RecentMs")
        SELECT @p0, @p1, 0, 0, 0, 0, @p2, 0, 0, 0 WHERE NOT EXISTS (SELECT 1 FROM "Lane" WHERE "Host" = @p0)
        """,
        Text, Number, Bool);

    /// <summary>Adds what was said in one batch, in the caller's transaction.</summary>
    public static async Task WriteAsync(StatementSession session, string host, IReadOnlyList<LaneWord> words)
    {
        var answered = words.Where(w => w.Answered).ToList();
        var failed = words.Where(w => !w.Answered).ToList();
        if (!await TryWriteAsync(session, host, answered, failed))
        {
            await session.ExecuteAsync(Create, [host, words[0].Source, false], CancellationToken.None);
            await TryWriteAsync(session, host, answered, failed);
        }
    }

    private static async Task<bool> TryWriteAsync(StatementSession session, string host, List<LaneWord> answered, List<LaneWord> failed)
    {
        var rows = 0;
        if (answered.Count > 0)
        {
            rows = await session.ExecuteAsync(
                Answered, [answered.Count, answered.Count, answered.Max(w => w.At), (int)answered.Average(w => w.Milliseconds), host], CancellationToken.None);
        }

        if (failed.Count > 0)
        {
            rows += await session.ExecuteAsync(
                Failed, [failed.Count, answered.Count, failed.Max(w => w.At), failed[^1].Error, host], CancellationToken.None);
        }

        return rows > 0;
    }
}
