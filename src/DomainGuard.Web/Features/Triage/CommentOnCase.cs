using DomainGuard.Core.Audit;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data;
using DomainGuard.Data.Audit;
using DomainGuard.Web.Auth;
using DomainGuard.Web.Shared;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Triage;

/// <summary>What became of a comment.</summary>
internal abstract record CommentOutcome
{
    /// <summary>It stands in the activity of the case.</summary>
    internal sealed record Done : CommentOutcome;

    /// <summary>It was not kept.</summary>
    /// <param name="Problem">Why, in words for the screen.</param>
    internal sealed record Refused(string Problem) : CommentOutcome;
}

/// <summary>Adds a comment to a case. It lives in the audit trail alone; the case and its version stay as they are, so that nobody who decides meanwhile is held up.</summary>
internal sealed class CommentOnCase(IDbContextFactory<GuardDb> dbs, GuardClock clock, CaseNotifier notifier)
{
    /// <summary>Comments.</summary>
    /// <param name="by">Who.</param>
    /// <param name="caseId">On what.</param>
    /// <param name="text">1 to 10,000 characters, kept as they are.</param>
    /// <param name="cancel">Cancels.</param>
    public async Task<CommentOutcome> ExecuteAsync(StaffMember by, long caseId, string text, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(by);
        if (!by.May(Policies.Decide))
        {
            return new CommentOutcome.Refused("Only an analyst comments on cases.");
        }

        if (string.IsNullOrWhiteSpace(text))
        {
            return new CommentOutcome.Refused("Write a comment first.");
        }

        if (KeptText.Problem(text, DecisionRules.MostComment) is { } problem)
        {
            return new CommentOutcome.Refused(problem);
        }

        await using var db = await dbs.CreateDbContextAsync(cancel);
        if (await db.Cases.Where(c => c.Id == caseId).Select(c => new { c.AccountId, c.AddressId, Domain = c.Domain!.Name }).FirstOrDefaultAsync(cancel) is not { } found)
        {
            return new CommentOutcome.Refused($"There is no case {caseId}.");
        }

        AuditTrail.Add(db, new AuditFact(AuditAction.CommentAdded, by.Actor, clock.Now)
        {
            AccountId = found.AccountId,
            AddressId = found.AddressId,
            DomainName = found.Domain,
            CaseId = caseId,
            Comment = text,
        });
        await db.SaveChangesAsync(cancel);
        notifier.Raise([caseId], by.Id);
        return new CommentOutcome.Done();
    }
}
