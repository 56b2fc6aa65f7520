using System.Security.Cryptography;
using DomainGuard.Core.Audit;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data;
using DomainGuard.Data.Audit;
using DomainGuard.Data.Settings;
using DomainGuard.Data.Staff;
using DomainGuard.Web.Auth;
using DomainGuard.Web.Shared;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;

namespace DomainGuard.Web.Features.Staff;

/// <summary>What became of a change of staff.</summary>
internal abstract record StaffOutcome
{
    /// <summary>It stands, in the database and in the audit trail.</summary>
    internal sealed record Done : StaffOutcome;

    /// <summary>Nothing was changed.</summary>
    /// <param name="Problem">Why, in words for the screen.</param>
    internal sealed record Refused(string Problem) : StaffOutcome;

    internal static Refused NeedsAdministrator { get; } = new("This needs the role Administrator.");
}

/// <summary>A member of staff in the hands of one change.</summary>
/// <param name="Db">The context of the change.</param>
/// <param name="User">The member.</param>
/// <param name="Roles">Roles before the change, in the order of <see cref="Auth.Roles.All"/>.</param>
internal sealed record StaffFile(GuardDb Db, GuardUser User, IReadOnlyList<string> Roles)
{
    /// <summary>What the audit trail says of it; fields that stay the same are left out by it.</summary>
    public List<(string Field, object? Before, object? After)> Changes { get; } = [];

    /// <summary>The member is gone after it.</summary>
    public bool Removes { get; set; }

    /// <summary>The roles as the audit trail writes them.</summary>
    public static string? Text(IEnumerable<string> roles) => string.Join(", ", Auth.Roles.All.Where(roles.Contains)) is { Length: > 0 } text ? text : null;
}

/// <summary>
/// The frame of every change of a member of staff, in one transaction: one change at a time in the whole installation, never without an administrator afterwards, a new security
/// stamp so that open circuits and cookies of the person end within a minute, and the entry of the audit trail.
/// </summary>
internal sealed partial class StaffChanges(IDbContextFactory<GuardDb> dbs, GuardClock clock, ILogger<StaffChanges> log)
{
    /// <summary>Longest reason, in UTF-16 units.</summary>
    public const int MostReason = 1_000;

    private const string Turn = "staff.turn";

    /// <summary>Applies a change.</summary>
    /// <param name="by">Who.</param>
    /// <param name="id">To whom.</param>
    /// <param name="reason">Why, as typed, at most <see cref="MostReason"/>; null when nothing was.</param>
    /// <param name="change">Changes the file; answers what speaks against it, or null.</param>
    /// <param name="cancel">Cancels.</param>
    public async Task<StaffOutcome> ApplyAsync(AuditActor by, Guid id, string? reason, Func<StaffFile, Task<string?>> change, CancellationToken cancel)
    {
        if (KeptText.Problem(reason, MostReason) is { } wrong)
        {
            return new StaffOutcome.Refused(wrong);
        }

        await using var db = await dbs.CreateDbContextAsync(cancel);
        await using var transaction = await TakeTurnAsync(db, cancel);
        if (await db.Users.FirstOrDefaultAsync(u => u.Id == id, cancel) is not { } user)
        {
            return new StaffOutcome.Refused("There is no such member of staff.");
        }

        var file = new StaffFile(db, user, await RolesOfAsync(db, id, cancel));
        var before = await AdministratorsAsync(db, cancel);
        if (await change(file) is { } problem)
        {
            return new StaffOutcome.Refused(problem);
        }

        if (!file.Removes)
        {
            Restamp(user);
        }

        AuditTrail.Add(db, new AuditFact(file.Removes ? AuditAction.StaffRemoved : AuditAction.StaffChanged, by, clock.Now)
        {
            Subject = Subject(id),
            Comment = string.IsNullOrWhiteSpace(reason) ? null : reason.Trim(),
            Changes = file.Changes,
        });
        try
        {
            await db.SaveChangesAsync(cancel);
        }
        catch (DbUpdateConcurrencyException)
        {
            return new StaffOutcome.Refused("This person's entry was changed at the same moment. Nothing was done; look again.");
        }

        if (before > 0 && await AdministratorsAsync(db, cancel) == 0)
        {
            return new StaffOutcome.Refused("This is the last administrator who can sign in. Make another one first.");
        }

        await transaction.CommitAsync(cancel);
        Log.Changed(log, id, file.Removes, by.Kind, by.Id);
        return new StaffOutcome.Done();
    }

    /// <summary>Begins a transaction in which no other change of staff runs, on any node. Two administrators who demote each other do so one after the other, and the second is refused.</summary>
    public static async Task<IDbContextTransaction> TakeTurnAsync(GuardDb db, CancellationToken cancel)
    {
        if (!await db.Settings.AnyAsync(s => s.Name == Turn, cancel))
        {
            db.Settings.Add(new Setting { Name = Turn, Value = "" });
            try
            {
                await db.SaveChangesAsync(cancel);
            }
            catch (DbUpdateException)
            {
                // Another process was first.
            }

            db.ChangeTracker.Clear();
        }

        var transaction = await db.Database.BeginTransactionAsync(cancel);
        await db.Settings.Where(s => s.Name == Turn).ExecuteUpdateAsync(s => s.SetProperty(x => x.Version, x => x.Version + 1), cancel);
        return transaction;
    }

    /// <summary>A member's roles.</summary>
    public static async Task<IReadOnlyList<string>> RolesOfAsync(GuardDb db, Guid id, CancellationToken cancel)
    {
        var names = await (from r in db.UserRoles.AsNoTracking() where r.UserId == id join role in db.Roles on r.RoleId equals role.Id select role.Name!).ToListAsync(cancel);
        return [.. Roles.All.Where(names.Contains)];
    }

    /// <summary>Gives a member exactly these roles; the caller saves.</summary>
    public static async Task SetRolesAsync(GuardDb db, Guid id, IReadOnlyCollection<string> roles, CancellationToken cancel)
    {
        var keys = await db.Roles.AsNoTracking().Where(r => roles.Contains(r.Name!)).Select(r => r.Id).ToListAsync(cancel);
        var held = await db.UserRoles.Where(r => r.UserId == id).ToListAsync(cancel);
        db.UserRoles.RemoveRange(held.Where(h => !keys.Contains(h.RoleId)));
        db.UserRoles.AddRange(keys.Where(k => held.TrueForAll(h => h.RoleId != k)).Select(k => new IdentityUserRole<Guid> { UserId = id, RoleId = k }));
    }

    /// <summary>A new stamp: whatever is signed in with the old one ends within a minute.</summary>
    public static void Restamp(GuardUser user)
    {
        user.SecurityStamp = RandomNumberGenerator.GetHexString(40);
        user.ConcurrencyStamp = RandomNumberGenerator.GetHexString(40);
    }

    /// <summary>A member of staff as the audit trail names him.</summary>
    public static string Subject(Guid id) => $"staff {id:D}";

    /// <summary>How many administrators are not locked.</summary>
    public static Task<int> AdministratorsAsync(GuardDb db, CancellationToken cancel) =>
        (from u in db.Users
         where u.LockoutEnd == null
         join r in db.UserRoles on u.Id equals r.UserId
         join role in db.Roles on r.RoleId equals role.Id
         where role.Name == Roles.Administrator
         select u.Id).CountAsync(cancel);

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Member of staff {Member} was changed (removed: {Removed}) by {Kind} {By}")]
        public static partial void Changed(ILogger logger, Guid member, bool removed, AuditActorKind kind, string by);
    }
}
