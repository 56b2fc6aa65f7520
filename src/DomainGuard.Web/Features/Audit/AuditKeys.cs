using DomainGuard.Core.Audit;
using DomainGuard.Web.Hosting;
using Microsoft.Extensions.Options;

namespace DomainGuard.Web.Features.Audit;

/// <summary>The key that signs checkpoints, and those that did. They come from the configuration and are never in the database; a demonstration in Development makes one in its data directory.</summary>
internal sealed class AuditKeys : IDisposable
{
    private const string DemonstrationFile = "audit-signing-key.pem";

    public AuditKeys(IOptions<AuditOptions> options, IOptions<DomainGuardOptions> installation, IHostEnvironment environment)
    {
        var setting = options.Value.SigningKey is { Length: > 0 } text ? text : options.Value.SigningKeyFile;
        var pem = setting is { Length: > 0 } ? AuditOptionsValidator.Text(setting, out _)
            : environment.IsDevelopment() && installation.Value.IsSimulated ? Demonstration(installation.Value.DataDirectory)
            : null;
        Signing = pem is null ? null : AuditKey.ReadPem(pem, out _);
        var retired = options.Value.RetiredKeys.Select(k => AuditKey.ReadPem(AuditOptionsValidator.Text(k, out _) ?? "", out _)).OfType<AuditKey>();
        All = [.. (Signing is null ? [] : new[] { Signing }).Concat(retired).DistinctBy(k => k.Id)];
    }

    /// <summary>Signs; null when none is configured.</summary>
    public AuditKey? Signing { get; }

    /// <summary>All whose signatures are believed.</summary>
    public IReadOnlyList<AuditKey> All { get; }

    public void Dispose()
    {
        foreach (var key in All)
        {
            key.Dispose();
        }
    }

    private static string Demonstration(string folder)
    {
        Directory.CreateDirectory(folder);
        var file = Path.Combine(folder, DemonstrationFile);
        if (!File.Exists(file))
        {
            using var key = AuditKey.Create();
            // Written aside and moved: of two processes that start at once both read the one that stayed.
            var aside = $"{file}.{Environment.ProcessId}";
            var how = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
            {
                how.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            }

            using (var text = new StreamWriter(aside, how))
            {
                text.WriteLine(key.ToPem());
            }

            try
            {
                File.Move(aside, file);
            }
            catch (IOException) when (File.Exists(file))
            {
                File.Delete(aside);
            }
        }

        return File.ReadAllText(file);
    }
}
