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
        var info = new ProcessStartInfo("dotnet", [typeof(DomainGuardApp).Assembly.Location, .. words]) { RedirectStandardOutput = true, RedirectStandardError = true };
        info.ArgumentList.Add("--DomainGuard:World=Live");
        info.ArgumentList.Add($"--DomainGuard:DataDirectory={Path.GetTempPath()}");
        info.ArgumentList.Add($"--DomainGuard:Database:Provider={database.Provider}");
        info.ArgumentList.Add($"--DomainGuard:Database:ConnectionString={database.ConnectionString}");
        var process = Process.Start(info)!;
        var output = TestContext.Current.TestOutputHelper;
        process.ErrorDataReceived += (_, line) => output?.WriteLine(line.Data ?? "");
        process.BeginErrorReadLine();
        return process;
    }

    /// <summary>Kills it, without warning, once something is so. Fails when it ends by itself before.</summary>
    public static async Task KillWhenAsync(Process victim, Func<Task<bool>> isSo)
    {
        while (!await isSo())
        {
            if (victim.HasExited)
            {
                Assert.Fail("It ended before it could be killed: " + await victim.StandardOutput.ReadToEndAsync());
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
