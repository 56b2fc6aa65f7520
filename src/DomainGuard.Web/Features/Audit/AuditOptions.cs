using DomainGuard.Core.Audit;
using Microsoft.Extensions.Options;

namespace DomainGuard.Web.Features.Audit;

/// <summary>Section <c>DomainGuard:Audit</c>.</summary>
internal sealed class AuditOptions
{
    internal const string Section = "DomainGuard:Audit";

    /// <summary>Private key that signs checkpoints: EC on P-256, as PEM text. A secret: give it by an environment variable or a secret store.</summary>
    public string? SigningKey { get; set; }

    /// <summary>The same in a file.</summary>
    public string? SigningKeyFile { get; set; }

    /// <summary>Public keys that signed once and no longer do: each PEM text or the path of a PEM file. What they signed can still be checked.</summary>
    public IList<string> RetiredKeys { get; } = [];
}

/// <summary>Says everything that is wrong with <see cref="AuditOptions"/> at once, never with a key in it.</summary>
internal sealed class AuditOptionsValidator : IValidateOptions<AuditOptions>
{
    public ValidateOptionsResult Validate(string? name, AuditOptions options)
    {
        List<string> problems = [];
        if (options is { SigningKey.Length: > 0, SigningKeyFile.Length: > 0 })
        {
            problems.Add("DomainGuard:Audit:SigningKey and SigningKeyFile are both set. Set one.");
        }
        else if (options.SigningKey is { Length: > 0 })
        {
            Check(problems, "DomainGuard:Audit:SigningKey", options.SigningKey);
        }
        else if (options.SigningKeyFile is { Length: > 0 })
        {
            if (Text(options.SigningKeyFile, out var problem) is { } text)
            {
                Check(problems, $"DomainGuard:Audit:SigningKeyFile ({options.SigningKeyFile})", text);
            }
            else
            {
                problems.Add($"DomainGuard:Audit:SigningKeyFile: {problem}");
            }
        }

        for (var i = 0; i < options.RetiredKeys.Count; i++)
        {
            if (Text(options.RetiredKeys[i], out var problem) is not { } text)
            {
                problems.Add($"DomainGuard:Audit:RetiredKeys:{i}: {problem}");
                continue;
            }

            using var key = AuditKey.ReadPem(text, out var wrong);
            if (key is null)
            {
                problems.Add($"DomainGuard:Audit:RetiredKeys:{i}: {wrong}. Give the public key in PEM.");
            }
        }

        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }

    /// <summary>The text of a setting that is a text in PEM or names a file with one.</summary>
    internal static string? Text(string setting, out string? problem)
    {
        problem = null;
        if (setting.Contains("-----BEGIN", StringComparison.Ordinal))
        {
            return setting;
        }

        try
        {
            return File.ReadAllText(setting);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            problem = $"the file {setting} cannot be read ({e.Message.TrimEnd('.')}).";
            return null;
        }
    }

    private static void Check(List<string> problems, string setting, string text)
    {
        using var key = AuditKey.ReadPem(text, out var problem);
        if (key is not { IsPrivate: true })
        {
            problems.Add($"{setting}: {problem ?? "it is a public key, and only the private key can sign"}. Make one with: openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256");
        }
    }
}
