using System.Security.Cryptography;
using System.Text;
using DomainGuard.Core.Audit;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data;
using DomainGuard.Data.Audit;
using DomainGuard.Data.Staff;
using DomainGuard.Web.Auth;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Staff;

/// <summary>What became of an invitation.</summary>
internal abstract record InviteOutcome
{
    /// <summary>It is open.</summary>
    /// <param name="Token">For the link; told this once and kept nowhere.</param>
    /// <param name="ExpiresAt">Until when (UTC).</param>
    internal sealed record Made(string Token, DateTimeOffset ExpiresAt) : InviteOutcome
    {
        /// <summary>The link's path.</summary>
        public string Path => "/invitation/" + Token;
    }

    /// <summary>Nothing was made.</summary>
    /// <param name="Problem">Why, in words for the screen.</param>
    internal sealed record Refused(string Problem) : InviteOutcome;
}

/// <summary>Makes a one-time link by which a person becomes a member of staff.</summary>
internal sealed class InviteStaff(IDbContextFactory<GuardDb> dbs, GuardClock clock, TimeProvider time)
{
    internal static readonly TimeSpan Life = TimeSpan.FromDays(3);

    public Task<InviteOutcome> ExecuteAsync(StaffMember by, string name, IReadOnlyCollection<string> roles, CancellationToken cancel) =>
        by.May(Policies.Operate) ? ExecuteAsync(by.Actor, by.Id, name, roles, cancel) : Task.FromResult<InviteOutcome>(new InviteOutcome.Refused("This needs the role Administrator."));

    /// <summary>From the command line.</summary>
    public Task<InviteOutcome> ExecuteAsync(AuditActor by, string name, IReadOnlyCollection<string> roles, CancellationToken cancel) => ExecuteAsync(by, null, name, roles, cancel);

    /// <summary>What of a token is kept.</summary>
    internal static string Hash(string token) => Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(token)));

    private async Task<InviteOutcome> ExecuteAsync(AuditActor by, Guid? inviter, string name, IReadOnlyCollection<string> roles, CancellationToken cancel)
    {
        name = name.Trim();
        if (name.Length is 0 or > 200)
        {
            return new InviteOutcome.Refused("Say whom the invitation is for, in at most 200 characters.");
        }

        if (roles.Count == 0 || roles.Any(r => !Roles.All.Contains(r)))
        {
            return new InviteOutcome.Refused("Choose at least one of the roles Administrator, Analyst, Auditor.");
        }

        // 32 bytes: not to be guessed, and short enough for a link.
        var token = System.Buffers.Text.Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
        var now = time.GetUtcNow();
        var invitation = new Invitation
        {
            Id = Guid.CreateVersion7(now),
            TokenHash = Hash(token),
            Name = name,
            Roles = string.Join(',', Roles.All.Where(roles.Contains)),
            InvitedBy = inviter,
            CreatedAt = now,
            ExpiresAt = now + Life,
            Version = 1,
        };
        await using var db = await dbs.CreateDbContextAsync(cancel);
        db.Invitations.Add(invitation);
        AuditTrail.Add(db, new AuditFact(AuditAction.StaffInvited, by, clock.Now)
        {
            Subject = Subject(invitation.Id),
            Changes = [("roles", null, StaffFile.Text(roles)), ("until", null, invitation.ExpiresAt)],
        });
        await db.SaveChangesAsync(cancel);
        return new InviteOutcome.Made(token, invitation.ExpiresAt);
    }

    internal static string Subject(Guid id) => $"invitation {id:D}";
}

/// <summary>Takes an open invitation back.</summary>
internal sealed class RevokeInvitation(IDbContextFactory<GuardDb> dbs, GuardClock clock, TimeProvider time)
{
    public async Task<StaffOutcome> ExecuteAsync(StaffMember by, Guid id, CancellationToken cancel)
    {
        if (!by.May(Policies.Operate))
        {
            return StaffOutcome.NeedsAdministrator;
        }

        await using var db = await dbs.CreateDbContextAsync(cancel);
        await using var transaction = await db.Database.BeginTransactionAsync(cancel);
        var now = time.GetUtcNow();
        // Conditional: of a revocation and an acceptance in the same moment one wins.
        if (await db.Invitations.Where(i => i.Id == id && i.AcceptedAt == null && i.RevokedAt == null)
            .ExecuteUpdateAsync(s => s.SetProperty(i => i.RevokedAt, now).SetProperty(i => i.Version, i => i.Version + 1), cancel) == 0)
        {
            return new StaffOutcome.Refused("This invitation is not open any more.");
        }

        AuditTrail.Add(db, new AuditFact(AuditAction.StaffInvited, by.Actor, clock.Now) { Subject = InviteStaff.Subject(id), Changes = [("revoked", false, true)] });
        await db.SaveChangesAsync(cancel);
        await transaction.CommitAsync(cancel);
        return new StaffOutcome.Done();
    }
}
