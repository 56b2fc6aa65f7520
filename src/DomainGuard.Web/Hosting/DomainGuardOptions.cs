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

    /// <summary>Where people reach the console, as they type it: links in events and mails begin with it, and security event tokens name it as their issuer. Empty: they have none.</summary>
    public string PublicUrl { get; set; } = "";

    public DatabaseOptions Database { get; } = new();

    public ClockOptions Clock { get; } = new();

    public DemoOptions Demo { get; } = new();

    public SignInOptions SignIn { get; } = new();

    public ApiOptions Api { get; } = new();

    internal sealed class SignInOptions
    {
        /// <summary>Staff with a password enrol an authenticator app or a passkey before anything else. True unless this is the demonstration in Development.</summary>
        public bool? RequireSecondFactor { get; set; }

        /// <summary>Sign-in with a password is offered. May be false once single sign-on is configured.</summary>
        public bool AllowPasswords { get; set; } = true;

        /// <summary>Form posts to the sign-in pages that one IP address (IPv6: one /64) may send a minute, per node.</summary>
        public int PostsPerMinute { get; set; } = 30;

        /// <summary>Domain that passkeys belong to (WebAuthn relying party id); empty: the host of the request.</summary>
        public string PasskeyDomain { get; set; } = "";

        public OidcOptions Oidc { get; } = new();
    }

    /// <summary>Single sign-on by OpenID Connect: on when <see cref="Authority"/> is set.</summary>
    internal sealed class OidcOptions
    {
        /// <summary>Issuer URL of the provider; https, or http on a loopback address.</summary>
        public string Authority { get; set; } = "";

        public string ClientId { get; set; } = "";

        public string ClientSecret { get; set; } = "";

        /// <summary>Claim of ID token or user info whose values are looked up in <see cref="Roles"/>.</summary>
        public string RoleClaim { get; set; } = "roles";

        /// <summary>Scopes that are asked for besides "openid profile".</summary>
        public List<string> Scopes { get; } = [];

        /// <summary>Role of this console: the values of the claim that give it.</summary>
        public Dictionary<string, List<string>> Roles { get; } = new(StringComparer.Ordinal);

        internal bool IsOn => !string.IsNullOrWhiteSpace(Authority);
    }

    internal sealed class ApiOptions
    {
        /// <summary>Requests that one key may make a minute, per node; so many may come at once.</summary>
        public int RequestsPerMinute { get; set; } = 6_000;

        /// <summary>Requests with a missing or wrong key that one IP address (IPv6: one /64) may make a minute, per node.</summary>
        public int FailuresPerMinute { get; set; } = 60;
    }

    internal sealed class ClockOptions
    {
        /// <summary>The guard clock can be moved. True by itself in the simulated world.</summary>
        public bool Simulated { get; set; }
    }

    internal sealed class DemoOptions
    {
        /// <summary>Bearer key of <c>POST /demo/clock</c>, and in the simulated world of the API.</summary>
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
        options.PublicUrl = options.PublicUrl.Trim().TrimEnd('/');
        options.SignIn.RequireSecondFactor ??= !(environment.IsDevelopment() && options.IsSimulated);
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

        if (options.PublicUrl.Length > 0
            && (!Uri.TryCreate(options.PublicUrl, UriKind.Absolute, out var url) || !(url.Scheme == Uri.UriSchemeHttps || (url.Scheme == Uri.UriSchemeHttp && url.IsLoopback)) || url.Query.Length > 0 || url.Fragment.Length > 0))
        {
            problems.Add("DomainGuard:PublicUrl is no https URL (plain http only on a loopback address). Set it to where people reach the console, such as https://domainguard.example.");
        }

        if (options.Api.RequestsPerMinute is < 1 or > 10_000_000)
        {
            problems.Add("DomainGuard:Api:RequestsPerMinute is not between 1 and 10000000.");
        }

        if (options.Api.FailuresPerMinute is < 1 or > 10_000_000)
        {
            problems.Add("DomainGuard:Api:FailuresPerMinute is not between 1 and 10000000.");
        }

        CheckSignIn(options.SignIn, problems);
        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }

    private static void CheckSignIn(DomainGuardOptions.SignInOptions signIn, List<string> problems)
    {
        const string Section = "DomainGuard:SignIn";
        var oidc = signIn.Oidc;
        if (signIn.PostsPerMinute < 1)
        {
            problems.Add($"{Section}:PostsPerMinute is below 1: nobody could sign in.");
        }

        if (!oidc.IsOn)
        {
            if (!signIn.AllowPasswords)
            {
                problems.Add($"{Section}:AllowPasswords is false although {Section}:Oidc:Authority is not set: nobody could sign in. Configure single sign-on, or allow passwords.");
            }

            if (oidc.ClientId.Length > 0 || oidc.ClientSecret.Length > 0 || oidc.Roles.Count > 0)
            {
                problems.Add($"{Section}:Oidc:Authority is missing although other settings of {Section}:Oidc are set. Set it to the issuer URL of the provider.");
            }

            return;
        }

        if (!Uri.TryCreate(oidc.Authority, UriKind.Absolute, out var authority) || !(authority.Scheme == Uri.UriSchemeHttps || (authority.Scheme == Uri.UriSchemeHttp && authority.IsLoopback)))
        {
            problems.Add($"{Section}:Oidc:Authority is no https URL (plain http only on a loopback address). Set it to the issuer URL of the provider.");
        }

        if (string.IsNullOrWhiteSpace(oidc.ClientId))
        {
            problems.Add($"{Section}:Oidc:ClientId is missing. Register the console with the provider, redirect URI https://HOST/signin/oidc.");
        }

        if (string.IsNullOrWhiteSpace(oidc.ClientSecret))
        {
            problems.Add($"{Section}:Oidc:ClientSecret is missing. The console is a confidential client.");
        }

        if (string.IsNullOrWhiteSpace(oidc.RoleClaim))
        {
            problems.Add($"{Section}:Oidc:RoleClaim is empty. Name the claim that holds groups or roles.");
        }

        foreach (var role in oidc.Roles.Keys.Where(r => !Auth.Roles.All.Contains(r)))
        {
            problems.Add($"{Section}:Oidc:Roles:{role} is no role of this console. The roles are {string.Join(", ", Auth.Roles.All)}.");
        }

        if (!oidc.Roles.Values.Any(values => values.Any(v => !string.IsNullOrWhiteSpace(v))))
        {
            problems.Add($"{Section}:Oidc:Roles maps nothing: nobody would be let in. Set for example {Section}:Oidc:Roles:Administrator:0 to a value of the claim '{oidc.RoleClaim}'.");
        }
    }
}
