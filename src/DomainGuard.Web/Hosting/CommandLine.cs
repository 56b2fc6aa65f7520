using System.CommandLine;
using DomainGuard.Data;
using Microsoft.Extensions.Options;

namespace DomainGuard.Web.Hosting;

/// <summary>Exit codes of the command line.</summary>
internal static class ExitCode
{
    public const int Done = 0;
    public const int Report = 1;
    public const int WrongUse = 2;
    public const int Failed = 3;
}

/// <summary>The executable: without a command it serves the console, with one it works headless. Settings such as <c>--DomainGuard:World=Live</c> go to the configuration.</summary>
internal static class CommandLine
{
    internal static async Task<int> RunAsync(string[] args)
    {
        var root = new RootCommand("Watches the domains behind account addresses.\n\nWithout a command it serves the console.\n\n"
            + "Examples:\n  domainguard                                  serve the console\n  domainguard migrate                          bring the database up to date\n"
            + "  domainguard import accounts.csv --dry-run    what would change\n  domainguard scan --due --json                work what is due\n"
            + "  domainguard check example.com --json         look one domain up and explain it\n\n"
            + "Any setting can follow as --Section:Key=value, for example --DomainGuard:Database:Provider=PostgreSql.");
        foreach (var command in Commands.All())
        {
            root.Subcommands.Add(command);
        }

        root.SetAction((_, cancel) => GuardAsync(() => DomainGuardApp.ServeAsync(args, cancel)));

        // Settings are for the configuration, not for the parser.
        var words = args.Where(a => !IsSetting(a)).ToArray();
        var parsed = root.Parse(words);
        if (parsed.Errors.Count > 0)
        {
            foreach (var error in parsed.Errors)
            {
                await Console.Error.WriteLineAsync(error.Message);
            }

            await Console.Error.WriteLineAsync("See --help.");
            return ExitCode.WrongUse;
        }

        return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = TimeSpan.FromSeconds(10) });
    }

    /// <summary>The settings among the words that this process was started with.</summary>
    internal static string[] SettingsOf(IEnumerable<string> args) => [.. args.Where(IsSetting)];

    /// <summary>Runs, and says in words what is wrong with configuration or database.</summary>
    internal static async Task<int> GuardAsync(Func<Task<int>> run)
    {
        try
        {
            return await run();
        }
        catch (OptionsValidationException problem)
        {
            return await ReportAsync(problem.Failures, ExitCode.WrongUse);
        }
        catch (AggregateException several) when (several.InnerExceptions.All(e => e is OptionsValidationException))
        {
            return await ReportAsync(several.InnerExceptions.Cast<OptionsValidationException>().SelectMany(e => e.Failures), ExitCode.WrongUse);
        }
        catch (InvalidOperationException problem) when (problem.InnerException is FormatException or ArgumentException or OverflowException
            && problem.Message.Contains("convert configuration value", StringComparison.OrdinalIgnoreCase))
        {
            return await ReportAsync([problem.Message], ExitCode.WrongUse);
        }
        catch (DatabaseUnusableException problem)
        {
            return await ReportAsync([problem.Message], ExitCode.Failed);
        }
        catch (Exception problem) when (GuardDatabase.Explain(problem) is { } words)
        {
            return await ReportAsync([words], ExitCode.Failed);
        }
        catch (OperationCanceledException)
        {
            return await ReportAsync(["Interrupted. Nothing is half-written."], ExitCode.Report);
        }
        catch (Exception problem)
        {
            // Nobody is above this: a dump of the runtime would end with an exit code that means nothing to a script.
            return await ReportAsync([$"Failed: {problem.Message}", problem.ToString()], ExitCode.Failed);
        }
    }

    /// <summary>"--Section:Key=value", and the two host settings without a section.</summary>
    private static bool IsSetting(string word)
    {
        var equals = word.IndexOf('=', StringComparison.Ordinal);
        return equals > 2 && word.StartsWith("--", StringComparison.Ordinal)
            && (word.AsSpan(0, equals).Contains(':') || word.AsSpan(2, equals - 2) is "urls" or "environment");
    }

    private static async Task<int> ReportAsync(IEnumerable<string> problems, int code)
    {
        foreach (var problem in problems)
        {
            await Console.Error.WriteLineAsync(problem);
        }

        return code;
    }
}
