using System.Diagnostics;
using DomainGuard.Core.Audit;
using DomainGuard.Data;
using DomainGuard.Tests.Infrastructure;
using DomainGuard.Web.Auth;
using DomainGuard.Web.Features.Staff;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Tests.Auth;

/// <summary>The way in from the command line, with the real executable beside a running server.</summary>
public sealed class StaffCommandTests
{
    [Fact]
    public async Task Locked_out_installation_is_entered_again_and_the_audit_trail_says_how()
    {
        await using var app = await RunningApp.StartAsync();
        var analyst = await app.StaffAsync("analyst");
        Assert.IsType<StaffOutcome.Done>(await app.Get<LockStaff>().ExecuteAsync(await app.StaffAsync("admin"), analyst.Id, null, CancellationToken.None));

        var (listed, list, _) = await RunAsync(app, "staff", "list");
        Assert.Equal(0, listed);
        Assert.Contains("analyst\tAnalyst\tlocked", list, StringComparison.Ordinal);
        Assert.Equal(0, (await RunAsync(app, "staff", "unlock", "analyst")).Code);
        (await app.SignInAsync("analyst")).Dispose();

        var (invited, path, _) = await RunAsync(app, "staff", "invite", "--name", "Break glass", "--role", "Administrator");
        Assert.Equal(0, invited);
        var joined = await app.Get<AcceptInvitation>().ExecuteAsync(path.Trim()["/invitation/".Length..], "glass", "Glass", "a long enough password", null, CancellationToken.None);
        Assert.IsType<AcceptOutcome.Joined>(joined);
        Assert.Equal([Roles.Administrator], (await app.StaffAsync("glass")).Roles);

        var (unknown, _, problem) = await RunAsync(app, "staff", "reset-second-factor", "who");
        Assert.Equal(2, unknown);
        Assert.Contains("Nobody has the user name who", problem, StringComparison.Ordinal);
        Assert.Equal(2, (await RunAsync(app, "staff", "invite", "--role", "Boss")).Code);

        await using var db = await app.Get<IDbContextFactory<GuardDb>>().CreateDbContextAsync(TestContext.Current.CancellationToken);
        var actions = await db.AuditEntries.Where(e => e.ActorKind == AuditActorKind.System && e.ActorId == "command line").OrderBy(e => e.At).Select(e => e.Action).ToListAsync(TestContext.Current.CancellationToken);
        Assert.Equal([AuditAction.StaffChanged, AuditAction.StaffInvited], actions);
    }

    private static async Task<(int Code, string Out, string Error)> RunAsync(RunningApp app, params string[] words)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var word in (string[])[typeof(Roles).Assembly.Location, .. words, "--environment=Development", "--DomainGuard:DataDirectory=" + app.Folder])
        {
            start.ArgumentList.Add(word);
        }

        using var process = Process.Start(start)!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        return (process.ExitCode, await output, await error);
    }
}
