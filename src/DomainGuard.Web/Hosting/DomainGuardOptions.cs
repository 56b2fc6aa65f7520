using DomainGuard.Data.Providers;
using Microsoft.Extensions.Options;

namespace DomainGuard.Web.Hosting;

/// <summary>The world that is looked at.</summary>
internal enum WorldKind
{
    /// <summary>Real registries.</summary>
    Live,

    /// <summary>A pretend one, for demonstrations.</summary>
    Simulated,
}

/// <summary>Section <c>DomainGuard</c>.</summary>
internal sealed class DomainGuardOptions
{
    internal const string Section = "DomainGuard";

    /// <summary>Simulated in Development, Live elsewhere, unless it is set.</summary>
    public WorldKind? World { get; set; }

    /// <summary>Folder for what the installation keeps in files: SQLite, keys of cookies, the set-up token.</summary>
    public string DataDirectory { get; set; } = "";

    public DatabaseOptions Database { get; } = new();

    public ClockOptions Clock { get; } = new();

    public DemoOptions Demo { get; } = new();

    internal sealed class ClockOptions
    {
        /// <summary>The guard clock can be moved. True by itself in the simulated world.</summary>
        public bool Simulated { get; set; }
    }

    internal sealed class DemoOptions
    {
        /// <summary>Bearer key of <c>POST /demo/clock</c>.</summary>
        public string ApiKey { get; set; } = "dg_demo";
    }

    internal bool IsSimulated => World == WorldKind.Simulated;

    internal bool HasMovableClock => IsSimulated || Clock.Simulated;
}

/// <summary>Fills what depends on the environment.</summary>
internal sealed class DomainGuardDefaults(IHostEnvironment environment) : IPostConfigureOptions<DomainGuardOptions>
{
    public void PostConfigure(string? name, DomainGuardOptions options) => Fill(options, environment);

    internal static void Fill(DomainGuardOptions options, IHostEnvironment environment)
    {
        options.World ??= environment.IsDevelopment() ? WorldKind.Simulated : WorldKind.Live;
        if (string.IsNullOrWhiteSpace(options.DataDirectory))
        {
            options.DataDirectory = Path.Combine(
                Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.Create), "DomainGuard", options.IsSimulated ? "demonstration" : "data");
        }

        options.DataDirectory = Path.GetFullPath(options.DataDirectory);
    }
}

/// <summary>Says everything that is wrong with <see cref="DomainGuardOptions"/> at once.</summary>
internal sealed class DomainGuardOptionsValidator(IHostEnvironment environment) : IValidateOptions<DomainGuardOptions>
{
    public ValidateOptionsResult Validate(string? name, DomainGuardOptions options)
    {
        List<string> problems = [];
        if (environment.IsProduction() && options.IsSimulated)
        {
            problems.Add("DomainGuard:World is Simulated, which is refused in Production: a pretend world would protect nobody. Set it to Live.");
        }

        if (environment.IsProduction() && options.Clock.Simulated)
        {
            problems.Add("DomainGuard:Clock:Simulated is true, which is refused in Production. Set it to false.");
        }

        if (options.Database.Provider != DatabaseProvider.Sqlite && string.IsNullOrWhiteSpace(options.Database.ConnectionString))
        {
            problems.Add($"DomainGuard:Database:ConnectionString is missing although the provider is {options.Database.Provider}. Set it, or use Sqlite.");
        }

        if (!Enum.IsDefined(options.Database.Provider))
        {
            problems.Add("DomainGuard:Database:Provider is none of Sqlite, SqlServer, PostgreSql.");
        }

        if (options.HasMovableClock && options.Demo.ApiKey.Length < 4)
        {
            problems.Add("DomainGuard:Demo:ApiKey is shorter than 4 characters.");
        }

        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }
}
