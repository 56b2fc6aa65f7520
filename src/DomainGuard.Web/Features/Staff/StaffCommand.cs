using System.CommandLine;
using DomainGuard.Core.Audit;
using DomainGuard.Data.Staff;
using DomainGuard.Web.Hosting;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;

namespace DomainGuard.Web.Features.Staff;

/// <summary><c>domainguard staff</c>: the way in when nobody can sign in any more. Whoever may start the program with its configuration may do this; the audit trail says "command line".</summary>
internal static class StaffCommand
{
    private static AuditActor Actor { get; } = AuditActor.System("command line");

    public static Command Create()
    {
        var command = new Command("staff", "Lets people in again when nobody can sign in. Every use stands in the audit trail.\n\nExamples:\n"
            + "  domainguard staff list\n  domainguard staff invite --name Mara --role Administrator\n  domainguard staff reset-second-factor mara\n  domainguard staff unlock mara");
        command.Subcommands.Add(List());
        command.Subcommands.Add(Invite());
        command.Subcommands.Add(One("reset-second-factor", "Takes passkeys, authenticator and recovery codes of one person away; the password stays.", (app, id, cancel) =>
            app.Services.GetRequiredService<ResetSecondFactor>().ExecuteAsync(Actor, id, null, cancel)));
        command.Subcommands.Add(One("unlock", "Takes the lock of one person away, and the wait after wrong passwords.", (app, id, cancel) =>
            app.Services.GetRequiredService<UnlockStaff>().ExecuteAsync(Actor, id, cancel)));
        return command;
    }

    private static Command List()
    {
        var command = new Command("list", "Who may sign in.");
        command.SetAction((_, cancel) => RunAsync(async app =>
        {
            var queries = app.Services.GetRequiredService<StaffQueries>();
            string? after = null;
            do
            {
                var page = await queries.ListAsync(new(After: after), 100, cancel);
                foreach (var row in page.Items)
                {
                    await Console.Out.WriteLineAsync($"{row.UserName}\t{string.Join(',', row.Roles)}\t{(row.IsLocked ? "locked" : row.WaitsUntil is null ? "active" : "waits")}");
                }

                after = page.Next;
            }
            while (after is not null);
            return ExitCode.Done;
        }, cancel));
        return command;
    }

    private static Command Invite()
    {
        var name = new Option<string>("--name") { Description = "Whom it is for.", DefaultValueFactory = _ => "Command line" };
        var roles = new Option<string[]>("--role") { Description = "Administrator, Analyst or Auditor; may be given several times.", Required = true, AllowMultipleArgumentsPerToken = true };
        var command = new Command("invite", "Prints the path of a one-time link that makes a member of staff. It works for three days.") { name, roles };
        command.SetAction((parsed, cancel) => RunAsync(async app =>
        {
            if (!app.Services.GetRequiredService<IOptions<DomainGuardOptions>>().Value.SignIn.AllowPasswords)
            {
                await Console.Error.WriteLineAsync("Passwords are switched off, so a link would lead nowhere. Set DomainGuard:SignIn:AllowPasswords to true first.");
                return ExitCode.WrongUse;
            }

            switch (await app.Services.GetRequiredService<InviteStaff>().ExecuteAsync(Actor, parsed.GetValue(name)!, parsed.GetValue(roles)!, cancel))
            {
                case InviteOutcome.Made made:
                    await Console.Out.WriteLineAsync(made.Path);
                    return ExitCode.Done;
                case var outcome:
                    await Console.Error.WriteLineAsync(((InviteOutcome.Refused)outcome).Problem);
                    return ExitCode.WrongUse;
            }
        }, cancel));
        return command;
    }

    private static Command One(string verb, string what, Func<WebApplication, Guid, CancellationToken, Task<StaffOutcome>> change)
    {
        var user = new Argument<string>("user") { Description = "User name." };
        var command = new Command(verb, what) { user };
        command.SetAction((parsed, cancel) => RunAsync(async app =>
        {
            var userName = parsed.GetValue(user)!;
            await using var scope = app.Services.CreateAsyncScope();
            if (await scope.ServiceProvider.GetRequiredService<UserManager<GuardUser>>().FindByNameAsync(userName) is not { } found)
            {
                await Console.Error.WriteLineAsync($"Nobody has the user name {userName}. 'domainguard staff list' shows the names.");
                return ExitCode.WrongUse;
            }

            if (await change(app, found.Id, cancel) is StaffOutcome.Refused refused)
            {
                await Console.Error.WriteLineAsync(refused.Problem);
                return ExitCode.WrongUse;
            }

            await Console.Out.WriteLineAsync("Done.");
            return ExitCode.Done;
        }, cancel));
        return command;
    }

    private static Task<int> RunAsync(Func<WebApplication, Task<int>> run, CancellationToken cancel) => CommandLine.GuardAsync(async () =>
    {
        await using var app = DomainGuardApp.BuildHeadless();
        // With the roles, so that the first person of an empty installation can be invited too.
        await DomainGuardApp.PrepareAsync(app, cancel);
        return await run(app);
    });
}
