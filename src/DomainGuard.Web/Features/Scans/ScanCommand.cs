using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data.Scans;
using DomainGuard.Web.Auth;
using DomainGuard.Web.Features.Audit;
using DomainGuard.Web.Features.Findings;
using DomainGuard.Web.Hosting;
using Spectre.Console;

namespace DomainGuard.Web.Features.Scans;

/// <summary>
/// <c>domainguard scan</c>: starts a scan and works it in this process, as one more node beside whatever servers run on the same database. Ctrl-C leaves it to them, or to
/// the next <c>scan</c>.
/// </summary>
internal static class ScanCommand
{
    /// <summary>The command.</summary>
    public static Command Create()
    {
        var all = new Option<bool>("--all") { Description = "Every watched domain." };
        var due = new Option<bool>("--due") { Description = "What is due (the default)." };
        var domain = new Option<string?>("--domain") { Description = "One domain.", HelpName = "D" };
        var account = new Option<string?>("--account") { Description = "The domains of one account, by the platform's id.", HelpName = "ID" };
        var tld = new Option<string?>("--tld") { Description = "The domains of one top-level domain.", HelpName = "T" };
        var phase = new Option<string?>("--phase") { Description = "The domains in one phase.", HelpName = "P" };
        var json = new Option<bool>("--json") { Description = "Print the result as JSON, nothing else." };
        var command = new Command(
            "scan",
            "Looks domains up, judges them and writes what was found.\n\nExit code: 0 complete, 1 partial, void or interrupted, 2 wrong use, 3 failed.\n\nExamples:\n"
            + "  domainguard scan                          what is due\n  domainguard scan --all --json             everything, result as JSON\n"
            + "  domainguard scan --domain example.com     one domain\n  domainguard scan --tld org                one top-level domain\n"
            + "  domainguard scan --phase Redemption       one phase")
        {
            all, due, domain, account, tld, phase, json,
        };
        command.Validators.Add(result =>
        {
            var given = new Option[] { all, due, domain, account, tld, phase }.Count(o => result.GetResult(o) is { Implicit: false });
            if (given > 1)
            {
                result.AddError("Give one of --all, --due, --domain, --account, --tld, --phase, not several.");
            }
        });
        command.SetAction((parsed, cancel) =>
        {
            var (scope, target) =
                parsed.GetValue(all) ? (ScanScope.All, null)
                : parsed.GetValue(domain) is { } d ? (ScanScope.Domain, d)
                : parsed.GetValue(account) is { } a ? (ScanScope.Account, a)
                : parsed.GetValue(tld) is { } t ? (ScanScope.Tld, t)
                : parsed.GetValue(phase) is { } p ? (ScanScope.Phase, p)
                : (ScanScope.Due, (string?)null);
            return CommandLine.GuardAsync(() => RunAsync(scope, target, parsed.GetValue(json), cancel));
        });
        return command;
    }

    private static async Task<int> RunAsync(ScanScope scope, string? target, bool json, CancellationToken cancel)
    {
        await using var app = DomainGuardApp.BuildHeadless();
        await DomainGuardApp.PrepareHeadlessAsync(app, cancel);
        await DomainGuardApp.KeepBootstrapFreshAsync(app.Services, app.Services.GetRequiredService<DomainGuard.Lookups.Rdap.IBootstrapStore>(), cancel);
        // What a process left that was killed while it carried its findings out: where no server runs, nobody else would, and the new scan finds those domains no more.
        await app.Services.GetRequiredService<ApplyFindings>().TakeUpAsync(cancel);
        var outcome = await app.Services.GetRequiredService<StartScan>().ExecuteAsync(scope, target, Requester.CommandLine, cancel);
        if (outcome is StartOutcome.Refused refused)
        {
            await Console.Error.WriteLineAsync(refused.Problem);
            return ExitCode.WrongUse;
        }

        var id = outcome switch
        {
            StartOutcome.Started s => s.ScanId,
            StartOutcome.Running r => r.ScanId,
            _ => throw new InvalidOperationException($"A scan from the command line cannot end in {outcome}."),
        };
        var run = app.Services.GetRequiredService<RunScan>();
        var queries = app.Services.GetRequiredService<ScanQueries>();
        if (json)
        {
            await run.ExecuteAsync(id, cancel);
        }
        else
        {
            await ShowProgressAsync(run.ExecuteAsync(id, cancel), queries, id);
        }

        // Without a server beside it nobody else would.
        await app.Services.GetRequiredService<SealEntries>().ExecuteAsync(CancellationToken.None);
        var scan = (await queries.GetAsync(id, CancellationToken.None))!;
        var lanes = await queries.LanesAsync(id, CancellationToken.None);
        if (json)
        {
            await Console.Out.WriteLineAsync(JsonSerializer.Serialize(ScanReport.Of(scan, lanes), ScanReportJson.Default.ScanReport));
        }
        else
        {
            Print(scan, lanes);
        }

        return scan is { Status: ScanStatus.Completed, Result: ScanResult.Complete } ? ExitCode.Done : ExitCode.Report;
    }

    private static async Task ShowProgressAsync(Task run, ScanQueries queries, long id)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        await console.Progress()
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn(), new SpinnerColumn())
            .StartAsync(async progress =>
            {
                var bar = progress.AddTask($"Scan {id}", maxValue: 1);
                while (!run.IsCompleted)
                {
                    if (await queries.GetAsync(id, CancellationToken.None) is { } scan)
                    {
                        bar.Value = scan.Share;
                        bar.Description = string.Create(CultureInfo.InvariantCulture, $"Scan {id}: {scan.Done:N0} of {scan.Total:N0} looked up, {scan.Settled:N0} judged");
                    }

                    await Task.WhenAny(run, Task.Delay(250));
                }

                await run;
                bar.Value = 1;
            });
    }

    private static void Print(ScanRow scan, IReadOnlyList<ScanLaneRow> lanes)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Out) });
        var table = new Table().Border(TableBorder.Simple).AddColumn("Host")
            .AddColumn("Domains", c => c.RightAligned()).AddColumn("Answered", c => c.RightAligned()).AddColumn("Left", c => c.RightAligned()).AddColumn("");
        foreach (var lane in lanes)
        {
            var state = lane.CanaryFailed ? "void: its canary reads as gone" : lane.IsVoid ? "void" : lane.Note ?? "";
            table.AddRow(Markup.Escape(lane.Host), Number(lane.Total), Number(lane.Answered), Number(lane.Total - lane.Done), Markup.Escape(state));
        }

        if (lanes.Count > 0)
        {
            console.Write(table);
        }

        Console.WriteLine(Sentence(scan));
        if (scan.Note is { } note)
        {
            Console.WriteLine(note);
        }
    }

    private static string Sentence(ScanRow scan) => scan switch
    {
        { IsUnfinished: true } => string.Create(CultureInfo.InvariantCulture, $"Scan {scan.Id} is not over: {scan.Done:N0} of {scan.Total:N0} looked up. It goes on with the next scan command, or on a server."),
        { Status: ScanStatus.Cancelled } => $"Scan {scan.Id} was cancelled. What was found stays.",
        { Total: 0 } => $"Scan {scan.Id}: nothing was due.",
        { Result: ScanResult.Void } => string.Create(CultureInfo.InvariantCulture, $"Scan {scan.Id} is void: {scan.Answered:N0} of {scan.Done:N0} answered. It changed nothing."),
        _ => string.Create(CultureInfo.InvariantCulture, $"Scan {scan.Id} is {(scan.Result == ScanResult.Complete ? "complete" : "partial")}: {scan.Answered:N0} of {scan.Done:N0} answered, {scan.Changed:N0} changed."),
    };

    private static string Number(int number) => number.ToString("N0", CultureInfo.InvariantCulture);
}

/// <summary>What <c>scan --json</c> prints.</summary>
internal sealed record ScanReport(
    long Scan, ScanScope Scope, string? Target, ScanStatus Status, ScanResult? Result, int Total, int Done, int Answered, int GivenUp, int Changed,
    DateTimeOffset RequestedAt, DateTimeOffset? StartedAt, DateTimeOffset? EndedAt, string? Note, IReadOnlyList<ScanReport.Lane> Lanes)
{
    public static ScanReport Of(ScanRow scan, IReadOnlyList<ScanLaneRow> lanes) => new(
        scan.Id, scan.Scope, scan.Target, scan.Status, scan.Result, scan.Total, scan.Done, scan.Answered, scan.GivenUp, scan.Changed,
        scan.RequestedAt, scan.StartedAt, scan.EndedAt, scan.Note,
        [.. lanes.Select(l => new Lane(l.Host, l.Total, l.Done, l.Answered, l.GivenUp, l.IsVoid, l.CanaryFailed, l.Note))]);

    internal sealed record Lane(string Host, int Total, int Done, int Answered, int GivenUp, bool IsVoid, bool CanaryFailed, string? Note);
}

/// <summary>Source-generated JSON of <see cref="ScanReport"/>.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true, WriteIndented = true, Converters = [typeof(Check.UtcConverter)])]
[JsonSerializable(typeof(ScanReport))]
internal sealed partial class ScanReportJson : JsonSerializerContext;
