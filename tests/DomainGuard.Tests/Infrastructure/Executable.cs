using System.Diagnostics;
using DomainGuard.Data.Providers;
using DomainGuard.Web;

namespace DomainGuard.Tests.Infrastructure;

/// <summary>The real executable as a process of its own, for tests that kill it without warning.</summary>
internal static class Executable
{
    /// <summary>Starts it in the live world on a database; what it writes to standard error goes to the test's output.</summary>
    /// <param name="database">Where it works.</param>
    /// <param name="words">Command and settings.</param>
    public static Process Start(DatabaseOptions database, params IEnumerable<string> words)
    {
        string[] settings =
        [
            "--DomainGuard:World=Live", $"--DomainGuard:DataDirectory={Path.GetTempPath()}",
            $"--DomainGuard:Database:Provider={database.Provider}", $"--DomainGuard:Database:ConnectionString={database.ConnectionString}",
        ];
        var info = new ProcessStartInfo("dotnet", [typeof(DomainGuardApp).Assembly.Location, .. settings, .. words]) { RedirectStandardOutput = true, RedirectStandardError = true };
        var process = Process.Start(info)!;
        var output = TestContext.Current.TestOutputHelper;
        process.ErrorDataReceived += (_, line) => output?.WriteLine(line.Data ?? "");
        process.BeginErrorReadLine();
        return process;
    }

    /// <summary>Starts a server that asks nobody, and waits until it listens.</summary>
    /// <param name="database">Where it works.</param>
    /// <param name="folder">Its data directory.</param>
    public static async Task<(Process Process, Uri Url)> ServeAsync(DatabaseOptions database, string folder)
    {
        var process = Start(
            database,
            "--environment=Staging",
            "--urls=http://127.0.0.1:0",
            $"--DomainGuard:DataDirectory={folder}",
            "--DomainGuard:Lookups:AllowedPrivateHosts:0=127.0.0.1:9",
            "--DomainGuard:Lookups:Rdap:BootstrapUrl=http://127.0.0.1:9/dns.json",
            "--DomainGuard:Lookups:Dns:Enabled=false");
        const string Listens = "Now listening on: ";
        while (await process.StandardOutput.ReadLineAsync() is { } line)
        {
            if (line.IndexOf(Listens, StringComparison.Ordinal) is >= 0 and var at)
            {
                _ = process.StandardOutput.ReadToEndAsync(); // or it stops when nobody reads any more
                return (process, new Uri(line[(at + Listens.Length)..]));
            }
        }

        throw new InvalidOperationException("The server ended before it listened.");
    }

    /// <summary>Kills it, without warning, once something is so. Fails when it ends by itself before, or lives for a minute.</summary>
    public static async Task KillWhenAsync(Process victim, Func<Task<bool>> isSo)
    {
        var watch = Stopwatch.StartNew();
        while (!await isSo())
        {
            if (victim.HasExited)
            {
                Assert.Fail("It ended before it could be killed: " + await victim.StandardOutput.ReadToEndAsync());
            }

            if (watch.Elapsed > TimeSpan.FromMinutes(1))
            {
                victim.Kill();
                Assert.Fail("What it was to be killed at did not come to be.");
            }

            await Task.Delay(5);
        }

        victim.Kill();
        await victim.WaitForExitAsync();
    }

    /// <summary>Lets it end; gives its standard output and exit code.</summary>
    public static async Task<(string Output, int Exit)> EndAsync(Process process)
    {
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (output, process.ExitCode);
    }
}
