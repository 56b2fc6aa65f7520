using System.CommandLine;
using DomainGuard.Data;
using DomainGuard.Web.Features.Audit;
using DomainGuard.Web.Features.Check;
using DomainGuard.Web.Features.Imports;
using DomainGuard.Web.Features.Scans;
using DomainGuard.Web.Features.Staff;

namespace DomainGuard.Web.Hosting;

/// <summary>The commands of the executable.</summary>
internal static class Commands
{
    internal static IEnumerable<Command> All()
    {
        yield return ImportCommand.Make();
        yield return ScanCommand.Create();
        yield return CheckCommand.Create();
        yield return Features.Why.ExplainCommand.Create();
        yield return StaffCommand.Create();
        yield return AuditCommand.Create();
        yield return Migrate();
    }

    private static Command Migrate()
    {
        var command = new Command("migrate", "Brings the database up to date. Safe to repeat, and beside a running server.\n\nExample:\n  domainguard migrate");
        command.SetAction((_, cancel) => CommandLine.GuardAsync(async () =>
        {
            await using var app = DomainGuardApp.BuildHeadless();
            DomainGuardApp.Validate(app);
            var applied = await app.Services.GetRequiredService<GuardDatabase>().MigrateAsync(cancel);
            await Console.Out.WriteLineAsync(applied.Count == 0 ? "The database is up to date." : $"Applied: {string.Join(", ", applied)}.");
            return ExitCode.Done;
        }));
        return command;
    }
}
