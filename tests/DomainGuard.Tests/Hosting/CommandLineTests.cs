using System.Diagnostics;
using DomainGuard.Web;

namespace DomainGuard.Tests.Hosting;

/// <summary>The real executable, as a script meets it.</summary>
public sealed class CommandLineTests
{
    [Theory]
    [InlineData("migrate")]
    [InlineData("scan")]
    public async Task Configuration_that_is_wrong_is_said_in_words_and_ends_with_2(string command)
    {
        using var folder = new Folder();
        var (code, output, errors) = await RunAsync(folder, command, "--DomainGuard:Database:Provider=PostgreSql", "--environment=Staging");
        Assert.Equal((2, ""), (code, output));
        Assert.Contains("DomainGuard:Database:ConnectionString", errors, StringComparison.Ordinal);
        Assert.DoesNotContain("Exception", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_nobody_foresaw_is_a_failure_with_an_exit_code_of_its_own()
    {
        using var folder = new Folder();
        await File.WriteAllTextAsync(Path.Combine(folder.Path, "block"), "", TestContext.Current.CancellationToken);
        var (code, _, errors) = await RunAsync(folder, "migrate", $"--DomainGuard:DataDirectory={Path.Combine(folder.Path, "block", "below")}");
        Assert.Equal(3, code);
        Assert.NotEmpty(errors);
        Assert.DoesNotContain("Unhandled exception", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_line_of_the_report_stays_one_line()
    {
        using var folder = new Folder();
        var file = Path.Combine(folder.Path, "accounts.csv");
        await File.WriteAllTextAsync(file, "account_id,email\n1,a@example.org\n2,b c@example.org\n", TestContext.Current.CancellationToken);
        var (code, output, _) = await RunAsync(folder, "import", file, "--dry-run");
        Assert.Equal(1, code);
        Assert.Contains("line 3: email character 2 before the @ is allowed only inside quotes; take it out, or put the part in quotes\n", output.ReplaceLineEndings("\n"), StringComparison.Ordinal);
        Assert.DoesNotContain("b c@", output, StringComparison.Ordinal);
    }

    private static async Task<(int Code, string Output, string Errors)> RunAsync(Folder folder, params string[] words)
    {
        using var process = Process.Start(new ProcessStartInfo("dotnet", [typeof(DomainGuardApp).Assembly.Location, words[0], $"--DomainGuard:DataDirectory={folder.Path}", .. words[1..]])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, output, await errors);
    }

    private sealed class Folder : IDisposable
    {
        public string Path { get; } = Directory.CreateTempSubdirectory("dg-command-").FullName;

        public void Dispose() => Directory.Delete(Path, recursive: true);
    }
}
