using DomainGuard.Core.Audit;
using DomainGuard.Core.Policy;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data;
using DomainGuard.Data.Audit;
using DomainGuard.Data.Policies;
using DomainGuard.Web.Auth;
using DomainGuard.Web.Shared;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Policy;

/// <summary>Writes a change down for a second person to approve.</summary>
internal sealed class ProposePolicy(IDbContextFactory<GuardDb> dbs, PolicyStore policies, PolicyCheck check, PolicyQueries queries, GuardClock clock)
{
    /// <summary>How long a proposal can be approved.</summary>
    internal static readonly TimeSpan HoldsFor = TimeSpan.FromDays(7);

    /// <summary>Proposes a policy. Works only where a second person is required.</summary>
    public async Task<SavePolicyOutcome> ExecuteAsync(PolicyWish wish, StaffMember by, CancellationToken cancel)
    {
        if (!by.May(Policies.Operate))
        {
            return new SavePolicyOutcome.Refused(PolicyCheck.NeedsAdministrator);
        }

        var current = await policies.CurrentAsync(cancel);
        if (current.Version != wish.BasedOn)
        {
            return await queries.LatestAsync(cancel) is { } latest && latest.Version > wish.BasedOn
                ? new SavePolicyOutcome.Conflict(latest)
                : new SavePolicyOutcome.Refused($"There is no version {wish.BasedOn} of the policy.");
        }

        var problems = await check.ProblemsAsync(wish, current.Policy, cancel);
        return problems.Count > 0
            ? new SavePolicyOutcome.Refused(problems)
            : await WriteAsync(ProposalKind.Policy, current, wish.Policy, wish.Comment, by, cancel);
    }

    /// <summary>Proposes that changes need no second person any more.</summary>
    public async Task<SavePolicyOutcome> EndSecondPersonAsync(string comment, StaffMember by, CancellationToken cancel) =>
        !by.May(Policies.Operate) ? new SavePolicyOutcome.Refused(PolicyCheck.NeedsAdministrator)
        : PolicyCheck.CommentProblem(comment) is { } problem ? new SavePolicyOutcome.Refused([new PolicyProblem("comment", problem)])
        : await WriteAsync(ProposalKind.EndSecondPerson, await policies.CurrentAsync(cancel), null, comment, by, cancel);

    /// <summary>How a proposal stands in the audit trail.</summary>
    internal static string SubjectOf(Guid id) => $"proposal {id:D}";

    private async Task<SavePolicyOutcome> WriteAsync(ProposalKind kind, PolicyInForce current, GuardPolicy? policy, string comment, StaffMember by, CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        if (!await InstallationSettings.IsOnAsync(db, InstallationSettings.RequireSecondPerson, otherwise: false, cancel))
        {
            return new SavePolicyOutcome.Refused("No second person is needed here: save it.");
        }

        var now = clock.Now;
        var proposal = new PolicyProposal
        {
            Id = Guid.CreateVersion7(now),
            Kind = kind,
            BasedOn = current.Version,
            Json = policy?.ToJson(),
            Comment = comment.Trim(),
            ProposedBy = by.Id,
            ProposedAt = now,
            ExpiresAt = now + HoldsFor,
            Version = 1,
        };
        db.PolicyProposals.Add(proposal);
        AuditTrail.Add(db, new AuditFact(AuditAction.ChangeProposed, by.Actor, now)
        {
            PolicyVersion = kind == ProposalKind.Policy ? current.Version : null,
            Subject = SubjectOf(proposal.Id),
            Reason = policy is null ? InstallationSettings.RequireSecondPerson : null,
            Comment = proposal.Comment,
            Changes = policy is null
                ? [("value", true, false)]
                : [.. PolicyFields.Changes(current.Policy, policy).Select(c => (c.Field, (object?)c.Before, (object?)c.After))],
        });
        await db.SaveChangesAsync(cancel);
        return new SavePolicyOutcome.Proposed(proposal.Id, proposal.ExpiresAt);
    }
}

/// <summary>What became of a decision about a proposal.</summary>
internal abstract record DecideProposalOutcome
{
    /// <summary>Approved and carried out.</summary>
    /// <param name="Version">The version that is in force now; null when the proposal was none of the policy.</param>
    internal sealed record Approved(int? Version) : DecideProposalOutcome;

    /// <summary>Refused or taken back.</summary>
    internal sealed record Closed : DecideProposalOutcome;

    /// <summary>Nothing was done.</summary>
    /// <param name="Problem">Why, in words.</param>
    internal sealed record Refused(string Problem) : DecideProposalOutcome;
}

/// <summary>Approves or refuses what another administrator proposed; whom it comes from can only take it back.</summary>
internal sealed class DecideProposal(IDbContextFactory<GuardDb> dbs, PolicyStore policies, PolicyCheck check, GuardClock clock)
{
    /// <summary>Decides.</summary>
    /// <param name="id">The proposal.</param>
    /// <param name="approve">True to carry it out.</param>
    /// <param name="comment">Why; needed to refuse what another proposed.</param>
    /// <param name="by">Who.</param>
    /// <param name="cancel">Token.</param>
    public async Task<DecideProposalOutcome> ExecuteAsync(Guid id, bool approve, string comment, StaffMember by, CancellationToken cancel)
    {
        if (!by.May(Policies.Operate))
        {
            return new DecideProposalOutcome.Refused(PolicyCheck.NeedsAdministrator);
        }

        await using var db = await dbs.CreateDbContextAsync(cancel);
        var now = clock.Now;
        var proposal = await db.PolicyProposals.FirstOrDefaultAsync(p => p.Id == id, cancel);
        var isOwn = proposal?.ProposedBy == by.Id;
        if (await ObjectionAsync(proposal, approve, comment, isOwn, now, cancel) is { } objection)
        {
            return new DecideProposalOutcome.Refused(objection);
        }

        proposal!.State = approve ? ProposalState.Approved : isOwn ? ProposalState.Withdrawn : ProposalState.Refused;
        proposal.DecidedBy = by.Id;
        proposal.DecidedAt = now;
        proposal.Answer = string.IsNullOrWhiteSpace(comment) ? null : comment.Trim();
        proposal.Version++;
        var version = approve ? await CarryOutAsync(db, proposal, by, now, cancel) : null;
        if (!approve)
        {
            AuditTrail.Add(db, new AuditFact(AuditAction.ChangeRefused, by.Actor, now)
            {
                Subject = ProposePolicy.SubjectOf(id),
                Comment = proposal.Answer,
                Changes = [("state", ProposalState.Waiting, proposal.State)],
            });
        }

        try
        {
            await db.SaveChangesAsync(cancel);
        }
        catch (DbUpdateConcurrencyException)
        {
            return new DecideProposalOutcome.Refused("Somebody decided it a moment ago.");
        }
        catch (DbUpdateException) when (approve && proposal.Kind == ProposalKind.Policy)
        {
            if ((await policies.CurrentAsync(cancel)).Version == proposal.BasedOn)
            {
                throw;
            }

            return new DecideProposalOutcome.Refused(Overtaken(proposal));
        }

        return approve ? new DecideProposalOutcome.Approved(version) : new DecideProposalOutcome.Closed();
    }

    private async Task<string?> ObjectionAsync(PolicyProposal? proposal, bool approve, string comment, bool isOwn, DateTimeOffset now, CancellationToken cancel) => proposal switch
    {
        null => "There is no such proposal.",
        { State: not ProposalState.Waiting } => "It is decided already.",
        _ when KeptText.Problem(comment, PolicyCheck.LongestComment) is { } problem => problem,
        _ when !approve => isOwn ? null : PolicyCheck.CommentProblem(comment),
        _ when isOwn => "Nobody approves what he proposed himself: another administrator does.",
        _ when proposal.ExpiresAt <= now => "It is older than 7 days: propose it again.",
        { Kind: ProposalKind.Policy } when (await policies.CurrentAsync(cancel)).Version != proposal.BasedOn => Overtaken(proposal),
        // The world may have grown since it was proposed.
        { Kind: ProposalKind.Policy, Json: { } json } when await check.ProblemsAsync(GuardPolicy.Parse(json), cancel) is [var first, ..] => first.Text,
        _ => null,
    };

    private async Task<int?> CarryOutAsync(GuardDb db, PolicyProposal proposal, StaffMember by, DateTimeOffset now, CancellationToken cancel)
    {
        if (proposal is { Kind: ProposalKind.Policy, Json: { } json })
        {
            var before = await policies.GetAsync(proposal.BasedOn, cancel);
            SavePolicy.Add(db, before, GuardPolicy.Parse(json), proposal.Comment, by, proposal.ProposedBy, now, proposal.Id);
            return before.Version + 1;
        }

        await InstallationSettings.SetAsync(db, InstallationSettings.RequireSecondPerson, false, cancel);
        AuditTrail.Add(db, new AuditFact(AuditAction.SettingChanged, by.Actor, now)
        {
            Subject = InstallationSettings.RequireSecondPerson,
            Comment = proposal.Comment,
            Changes = [("proposal", null, proposal.Id.ToString("D")), ("value", true, false)],
        });
        return null;
    }

    private static string Overtaken(PolicyProposal proposal) => $"It changes version {proposal.BasedOn}, which is no longer in force: propose it again.";
}
