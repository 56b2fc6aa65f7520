using Microsoft.Extensions.Options;

namespace DomainGuard.Client;

/// <summary>Where DomainGuard is, and how long it is waited for.</summary>
public sealed class DomainGuardClientOptions
{
    /// <summary>Address of the installation, without <c>/api</c>, such as <c>https://domainguard.example.com</c>.</summary>
    public Uri? BaseAddress { get; set; }

    /// <summary>The key, <c>dgk_...</c>. It belongs into a secret store, not into a file of the repository.</summary>
    public string ApiKey { get; set; } = "";

    /// <summary>How long a recovery check may take altogether, attempts and pauses included. Three quarters of it are given to DomainGuard to look a domain up anew.</summary>
    public TimeSpan RecoveryDeadline { get; set; } = TimeSpan.FromSeconds(4);

    /// <summary>What a recovery check says when there was no answer.</summary>
    public RecoveryFailMode RecoveryFailMode { get; set; } = RecoveryFailMode.Review;

    /// <summary>How long every other call may take, attempts and pauses included. A list of accounts takes as long as it takes: no new attempt begins later.</summary>
    public TimeSpan Deadline { get; set; } = TimeSpan.FromSeconds(30);
}

internal sealed class DomainGuardClientOptionsValidator : IValidateOptions<DomainGuardClientOptions>
{
    private static readonly TimeSpan Longest = TimeSpan.FromHours(1);

    public ValidateOptionsResult Validate(string? name, DomainGuardClientOptions options)
    {
        var problems = new List<string>();
        if (options.BaseAddress is not { IsAbsoluteUri: true, Scheme: "https" or "http" })
        {
            problems.Add("DomainGuard's BaseAddress is an absolute http or https address.");
        }

        if (options.ApiKey.Length == 0 || options.ApiKey.Any(c => c is <= ' ' or > '~'))
        {
            problems.Add("DomainGuard's ApiKey is missing, or holds something that no key holds.");
        }

        if (options.RecoveryDeadline <= TimeSpan.Zero || options.RecoveryDeadline > Longest || options.Deadline <= TimeSpan.Zero || options.Deadline > Longest)
        {
            problems.Add("DomainGuard's deadlines lie between 0 and 1 hour.");
        }

        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }
}
