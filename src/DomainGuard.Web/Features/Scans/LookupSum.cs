using DomainGuard.Core.Domains;

namespace DomainGuard.Web.Features.Scans;

/// <summary>What became of one look-up as a whole, over all sources that were asked.</summary>
internal enum LookupOutcome
{
    /// <summary>Counts as answered (product section 6).</summary>
    Answered,

    /// <summary>Asked, no usable answer.</summary>
    Unanswered,

    /// <summary>Nobody was asked, because the upstream host rests.</summary>
    Rested,

    /// <summary>Nobody was asked, because the day's budget is spent.</summary>
    BudgetSpent,
}

/// <summary>The sum over the sources of one look-up.</summary>
internal static class LookupSum
{
    /// <summary>
    /// Answered when at least one registration source (RDAP, Fastly, Domainr) that serves the name answered, or DNS did where none serves it. Kept evidence of
    /// earlier look-ups does not count: pass only what was asked now.
    /// </summary>
    public static LookupOutcome Of(string domain, DateTimeOffset now, IReadOnlyList<Observation> asked)
    {
        if (DomainJudge.Judge(new JudgeInput { Domain = domain, Observations = asked, Now = now }).IsAnswered)
        {
            return LookupOutcome.Answered;
        }

        // Where a registration source serves the name, only those count; else DNS does.
        var asking = asked.Where(o => o.Source != SourceKind.Dns && o.Outcome != Outcome.NotServed).ToList();
        var counted = asking.Count > 0 ? asking : asked;
        return counted.Any(StagedAnswers.WasAsked) ? LookupOutcome.Unanswered
            : counted.Any(o => o.Failure == FailureKind.BudgetSpent) ? LookupOutcome.BudgetSpent
            : counted.Any(o => o.Failure == FailureKind.LaneRested) ? LookupOutcome.Rested
            : LookupOutcome.Unanswered;
    }
}
