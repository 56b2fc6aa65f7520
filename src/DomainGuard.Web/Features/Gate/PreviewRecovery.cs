using DomainGuard.Web.Auth;

namespace DomainGuard.Web.Features.Gate;

/// <summary>Asks the gate for a member of staff: no recovery hangs on it.</summary>
internal sealed class PreviewRecovery(CheckRecovery check)
{
    /// <summary>What it would say by what is known; kept nowhere.</summary>
    /// <param name="staff">Who asks.</param>
    /// <param name="email">The address.</param>
    /// <param name="accountId">The platform's id of the account.</param>
    /// <param name="cancel">Cancels.</param>
    public Task<RecoveryOutcome> ExecuteAsync(StaffMember staff, string email, string accountId, CancellationToken cancel) => AskAsync(staff, Policies.Read, new RecoveryQuestion(email, accountId, LooksUp: false), cancel);

    /// <summary>What it says when the domain is looked up first where its evidence is too old, and what is found is carried out; recorded as a preview.</summary>
    /// <param name="staff">Who asks.</param>
    /// <param name="email">The address.</param>
    /// <param name="accountId">The platform's id of the account.</param>
    /// <param name="cancel">Cancels.</param>
    public Task<RecoveryOutcome> FreshAsync(StaffMember staff, string email, string accountId, CancellationToken cancel) => AskAsync(staff, Policies.Decide, new RecoveryQuestion(email, accountId), cancel);

    private async Task<RecoveryOutcome> AskAsync(StaffMember staff, string right, RecoveryQuestion question, CancellationToken cancel) =>
        staff.May(right) ? await check.ExecuteAsync(question, new RecoveryAsker(staff.Actor, IsPreview: true), cancel) : new RecoveryOutcome.Refused("To let a domain be looked up for the gate needs the role Analyst.");
}
