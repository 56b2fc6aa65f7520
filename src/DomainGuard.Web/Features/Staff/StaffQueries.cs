using DomainGuard.Data;
using DomainGuard.Data.Paging;
using DomainGuard.Web.Auth;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Staff;

/// <summary>A row of the list of staff; <see cref="Roles"/> and what follows are filled by further queries for the page.</summary>
public sealed record StaffRow(Guid Id, string UserName, string SortName, string DisplayName, bool HasAuthenticator, bool IsLocked, DateTimeOffset JoinedAt, DateTimeOffset? LastSignInAt)
{
    public IReadOnlyList<string> Roles { get; init; } = [];

    public int Passkeys { get; init; }

    public bool SingleSignOn { get; init; }

    /// <summary>End of the wait after wrong passwords or codes.</summary>
    public DateTimeOffset? WaitsUntil { get; init; }
}

/// <summary>An invitation that nobody accepted yet.</summary>
internal sealed record InvitationRow(Guid Id, string Name, string Roles, string? InvitedBy, DateTimeOffset CreatedAt, DateTimeOffset ExpiresAt);

/// <summary>Reads staff and open invitations.</summary>
internal sealed class StaffQueries(IDbContextFactory<GuardDb> dbs, TimeProvider time)
{
    /// <summary>Most open invitations that are shown.</summary>
    internal const int MostInvitations = 100;

    /// <summary>A page of staff by user name.</summary>
    public async Task<KeysetPage<StaffRow>> ListAsync(ListPosition position, int size, CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        var backwards = position.Before is not null;
        var start = position.Before == ListPosition.End ? null : position.Before ?? position.After;
        var query = db.Users.AsNoTracking();
#pragma warning disable CA1309 // Translated to SQL: the comparison is the one that the database orders by.
        query = start is null ? query : backwards ? query.Where(u => string.Compare(u.NormalizedUserName, start) < 0) : query.Where(u => string.Compare(u.NormalizedUserName, start) > 0);
#pragma warning restore CA1309
        query = backwards ? query.OrderByDescending(u => u.NormalizedUserName) : query.OrderBy(u => u.NormalizedUserName);
        var rows = await query.Take(size + 1)
            .Select(u => new StaffRow(u.Id, u.UserName!, u.NormalizedUserName!, u.DisplayName, u.TwoFactorEnabled, u.LockoutEnd != null, u.JoinedAt, u.LastSignInAt))
            .ToListAsync(cancel);
        var more = rows.Count > size;
        if (more)
        {
            rows.RemoveAt(size);
        }

        if (backwards)
        {
            rows.Reverse();
        }

        if (rows.Count == 0)
        {
            return new KeysetPage<StaffRow>([], null, null);
        }

        var previous = backwards ? more : start is not null;
        var next = backwards ? start is not null : more;
        return new KeysetPage<StaffRow>(await FillAsync(db, rows, cancel), previous ? rows[0].SortName : null, next ? rows[^1].SortName : null);
    }

    /// <summary>Open invitations, the newest first.</summary>
    public async Task<IReadOnlyList<InvitationRow>> InvitationsAsync(CancellationToken cancel)
    {
        var now = time.GetUtcNow();
        await using var db = await dbs.CreateDbContextAsync(cancel);
        return await db.Invitations.AsNoTracking().Where(i => i.AcceptedAt == null && i.RevokedAt == null && i.ExpiresAt > now)
            .OrderByDescending(i => i.CreatedAt).ThenByDescending(i => i.Id).Take(MostInvitations)
            .Select(i => new InvitationRow(i.Id, i.Name, i.Roles, db.Users.Where(u => u.Id == i.InvitedBy).Select(u => u.DisplayName).FirstOrDefault(), i.CreatedAt, i.ExpiresAt))
            .ToListAsync(cancel);
    }

    private async Task<IReadOnlyList<StaffRow>> FillAsync(GuardDb db, List<StaffRow> rows, CancellationToken cancel)
    {
        var now = time.GetUtcNow();
        var ids = rows.ConvertAll(r => r.Id);
        var names = rows.ConvertAll(r => SignInTries.Key(r.SortName));
        var roles = await (from r in db.UserRoles.AsNoTracking() where ids.Contains(r.UserId) join role in db.Roles on r.RoleId equals role.Id select new { r.UserId, role.Name }).ToListAsync(cancel);
        var passkeys = await db.UserPasskeys.AsNoTracking().Where(p => ids.Contains(p.UserId)).GroupBy(p => p.UserId).Select(g => new { g.Key, Count = g.Count() }).ToDictionaryAsync(g => g.Key, g => g.Count, cancel);
        var logins = await db.UserLogins.AsNoTracking().Where(l => ids.Contains(l.UserId)).Select(l => l.UserId).ToListAsync(cancel);
        var waits = await db.SignInTries.AsNoTracking().Where(t => names.Contains(t.NameHash) && t.LockedUntil > now).ToDictionaryAsync(t => t.NameHash, t => t.LockedUntil, cancel);
        return rows.ConvertAll(r => r with
        {
            Roles = [.. Auth.Roles.All.Where(name => roles.Exists(x => x.UserId == r.Id && x.Name == name))],
            Passkeys = passkeys.GetValueOrDefault(r.Id),
            SingleSignOn = logins.Contains(r.Id),
            WaitsUntil = waits.GetValueOrDefault(SignInTries.Key(r.SortName)),
        });
    }
}
