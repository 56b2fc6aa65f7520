using DomainGuard.Core.Audit;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data;
using DomainGuard.Data.Audit;
using DomainGuard.Data.Staff;
using DomainGuard.Web.Features.Staff;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.SignIn;

/// <summary>Writes sign-ins, refused ones and sign-outs into the audit trail. A name that was typed is never written: it may be a password in the wrong field.</summary>
internal sealed partial class SignInAudit(IDbContextFactory<GuardDb> dbs, GuardClock clock, ILogger<SignInAudit> log)
{
    /// <summary>A person signed in; the entry and the time of the last sign-in are written together, before there is a cookie.</summary>
    /// <param name="user">Who.</param>
    /// <param name="method">How.</param>
    /// <param name="from">IP address.</param>
    /// <param name="cancel">Cancels.</param>
    public async Task SignedInAsync(GuardUser user, SignInMethod method, string? from, CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        await using var transaction = await db.Database.BeginTransactionAsync(cancel);
        var now = clock.Now;
        await db.Users.Where(u => u.Id == user.Id).ExecuteUpdateAsync(s => s.SetProperty(u => u.LastSignInAt, now), cancel);
        AuditTrail.Add(db, new AuditFact(AuditAction.SignedIn, AuditActor.Staff(user.Id, from), now) { Subject = StaffChanges.Subject(user.Id), Changes = [("method", null, method)] });
        await db.SaveChangesAsync(cancel);
        await transaction.CommitAsync(cancel);
        user.LastSignInAt = now;
        Log.SignedIn(log, user.Id, method);
    }

    /// <summary>A sign-in was refused.</summary>
    /// <param name="user">Whose name was used, where there is such a person; null else.</param>
    /// <param name="reason">What was wrong: "password", "code", "passkey", "waiting", "locked", "single-sign-on".</param>
    /// <param name="from">IP address.</param>
    /// <param name="cancel">Cancels.</param>
    public async Task FailedAsync(Guid? user, string reason, string? from, CancellationToken cancel)
    {
        await WriteAsync(AuditAction.SignInFailed, new AuditActor(AuditActorKind.Unknown, "unknown", from), user, reason, cancel);
        Log.Refused(log, reason);
    }

    /// <summary>A person signed out.</summary>
    public Task SignedOutAsync(Guid user, string? from, CancellationToken cancel) => WriteAsync(AuditAction.SignedOut, AuditActor.Staff(user, from), user, null, cancel);

    private async Task WriteAsync(AuditAction action, AuditActor actor, Guid? user, string? reason, CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        AuditTrail.Add(db, new AuditFact(action, actor, clock.Now) { Subject = user is { } id ? StaffChanges.Subject(id) : null, Reason = reason });
        await db.SaveChangesAsync(cancel);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Member of staff {Member} signed in ({Method})")]
        public static partial void SignedIn(ILogger logger, Guid member, SignInMethod method);

        [LoggerMessage(Level = LogLevel.Warning, Message = "A sign-in was refused: {Reason}")]
        public static partial void Refused(ILogger logger, string reason);
    }
}
