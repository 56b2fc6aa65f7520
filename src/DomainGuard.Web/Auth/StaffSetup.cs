using System.Security.Cryptography;
using System.Text;
using DomainGuard.Core.Audit;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data;
using DomainGuard.Data.Audit;
using DomainGuard.Data.Settings;
using DomainGuard.Data.Staff;
using DomainGuard.Web.Features.Staff;
using DomainGuard.Web.Hosting;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace DomainGuard.Web.Auth;

/// <summary>A ready-made member of staff of the demonstration.</summary>
internal sealed record DemoStaff(string UserName, string DisplayName, string Role);

/// <summary>
/// The first people: ready-made staff in a demonstration in Development; elsewhere a one-time token, kept hashed in the database and given out in a file that only the service
/// account can read, opens <c>/setup</c> until the first administrator exists.
/// </summary>
internal sealed partial class StaffSetup(
    IServiceScopeFactory scopes, IDbContextFactory<GuardDb> dbs, IOptions<DomainGuardOptions> options, IHostEnvironment environment, GuardClock clock, ILogger<StaffSetup> log)
{
    internal const string DemoPassword = "demonstration";
    private const string TokenSetting = "setup.token";

    internal static IReadOnlyList<DemoStaff> Demonstration { get; } =
    [
        new("admin", "Ada Administrator", Roles.Administrator),
        new("analyst", "Anton Analyst", Roles.Analyst),
        new("auditor", "Aurelia Auditor", Roles.Auditor),
    ];

    /// <summary>The ready-made staff exist here.</summary>
    internal bool IsDemonstration => environment.IsDevelopment() && options.Value.IsSimulated;

    internal string TokenFile => Path.Combine(options.Value.DataDirectory, "setup-token");

    /// <summary>Makes roles, and the first people or the token that makes them. Safe to repeat.</summary>
    internal async Task PrepareAsync(CancellationToken cancel)
    {
        await using var scope = scopes.CreateAsyncScope();
        var roles = scope.ServiceProvider.GetRequiredService<RoleManager<IdentityRole<Guid>>>();
        foreach (var role in Roles.All)
        {
            if (!await roles.RoleExistsAsync(role))
            {
                Check(await roles.CreateAsync(new IdentityRole<Guid>(role) { Id = Guid.CreateVersion7() }));
            }
        }

        var users = scope.ServiceProvider.GetRequiredService<UserManager<GuardUser>>();
        if (IsDemonstration)
        {
            foreach (var person in Demonstration)
            {
                if (await users.FindByNameAsync(person.UserName) is null)
                {
                    Check(await CreateAsync(
                        users, new GuardUser { Id = Guid.CreateVersion7(), UserName = person.UserName, DisplayName = person.DisplayName, JoinedAt = clock.Now }, DemoPassword, person.Role));
                }
            }
        }
        else if (!await users.Users.AnyAsync(cancel))
        {
            await IssueTokenAsync(cancel);
        }
    }

    /// <summary>Set-up is open: nobody can sign in yet.</summary>
    internal async Task<bool> IsOpenAsync(CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        return !await db.Users.AnyAsync(cancel);
    }

    /// <summary>Makes the first administrator.</summary>
    /// <returns>What is wrong, one line each; empty when it worked.</returns>
    internal async Task<IReadOnlyList<string>> CompleteAsync(string token, string userName, string displayName, string password, string? from, CancellationToken cancel)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<GuardDb>();
        // One transaction, one at a time: a crash leaves no person without a role, and two who hold the token make one administrator.
        await using var transaction = await StaffChanges.TakeTurnAsync(db, cancel);
        var kept = await db.Settings.Where(s => s.Name == TokenSetting).Select(s => s.Value).FirstOrDefaultAsync(cancel);
        if (kept is null || !CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(kept), Encoding.ASCII.GetBytes(Hash(token.Trim()))))
        {
            return [$"This is not the set-up token. It stands in the file {TokenFile} on the server."];
        }

        var users = scope.ServiceProvider.GetRequiredService<UserManager<GuardUser>>();
        var user = new GuardUser
        {
            Id = Guid.CreateVersion7(),
            UserName = userName.Trim(),
            DisplayName = string.IsNullOrWhiteSpace(displayName) ? userName.Trim() : displayName.Trim(),
            JoinedAt = clock.Now,
        };
        var result = await CreateAsync(users, user, password, Roles.Administrator);
        if (!result.Succeeded)
        {
            return [.. result.Errors.Select(e => e.Description)];
        }

        await db.Settings.Where(s => s.Name == TokenSetting).ExecuteDeleteAsync(cancel);
        AuditTrail.Add(db, new AuditFact(AuditAction.StaffJoined, AuditActor.Staff(user.Id, from), clock.Now) { Subject = "set-up", Changes = [("roles", null, Roles.Administrator)] });
        await db.SaveChangesAsync(cancel);
        await transaction.CommitAsync(cancel);
        File.Delete(TokenFile);
        Log.Completed(log);
        return [];
    }

    private static async Task<IdentityResult> CreateAsync(UserManager<GuardUser> users, GuardUser user, string password, string role)
    {
        var created = await users.CreateAsync(user, password);
        return created.Succeeded ? await users.AddToRoleAsync(user, role) : created;
    }

    /// <summary>Issues the token once; a restart before set-up keeps it as long as its file is there.</summary>
    private async Task IssueTokenAsync(CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        var kept = await db.Settings.AsNoTracking().FirstOrDefaultAsync(s => s.Name == TokenSetting, cancel);
        if (kept is null || !File.Exists(TokenFile))
        {
            var token = RandomNumberGenerator.GetHexString(40, lowercase: true);
            Directory.CreateDirectory(options.Value.DataDirectory);
            File.Delete(TokenFile);
            var file = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
            {
                file.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            }

            await using (var stream = new StreamWriter(TokenFile, file))
            {
                await stream.WriteLineAsync(token.AsMemory(), cancel);
            }

            await db.Settings.Where(s => s.Name == TokenSetting).ExecuteDeleteAsync(cancel);
            db.Settings.Add(new Setting { Name = TokenSetting, Value = Hash(token) });
            await db.SaveChangesAsync(cancel);
        }

        Log.TokenIssued(log, TokenFile);
    }

    private static string Hash(string token) => Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(token)));

    private static void Check(IdentityResult result)
    {
        if (!result.Succeeded)
        {
            throw new InvalidOperationException(string.Join(" ", result.Errors.Select(e => e.Description)));
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Nobody can sign in yet. Open /setup and enter the one-time token from the file {File}")]
        public static partial void TokenIssued(ILogger logger, string file);

        [LoggerMessage(Level = LogLevel.Information, Message = "The first administrator was made; set-up is closed")]
        public static partial void Completed(ILogger logger);
    }
}
