using System.Net;
using System.Text.RegularExpressions;
using DomainGuard.Data;
using DomainGuard.Web;
using DomainGuard.Web.Auth;
using DomainGuard.Web.Features.Staff;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace DomainGuard.Tests.Infrastructure;

/// <summary>The real application on a loopback port, on a SQLite file of its own.</summary>
internal sealed partial class RunningApp : IAsyncDisposable
{
    private RunningApp(WebApplication app, string folder) => (App, Folder) = (app, folder);

    public WebApplication App { get; }

    public string Folder { get; }

    public Uri Url => new(App.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());

    public static Task<RunningApp> StartAsync(string environment = "Development", params (string Key, string Value)[] settings) => StartAsync(_ => { }, environment, settings);

    /// <summary>Starts it with services of the test in place of its own.</summary>
    public static async Task<RunningApp> StartAsync(Action<IServiceCollection> adjust, string environment = "Development", params (string Key, string Value)[] settings)
    {
        var folder = Path.Combine(Path.GetTempPath(), $"dg-app-{Guid.CreateVersion7():N}");
        var app = DomainGuardApp.Build([$"--environment={environment}"], builder =>
        {
            builder.Configuration.AddInMemoryCollection([new("DomainGuard:SignIn:PostsPerMinute", "100000"), new("DomainGuard:DataDirectory", folder)]);
            builder.Configuration.AddInMemoryCollection(settings.Select(s => KeyValuePair.Create(s.Key, (string?)s.Value)));
            builder.WebHost.UseUrls("http://127.0.0.1:0");
            builder.Logging.ClearProviders();
            adjust(builder.Services);
        });
        await DomainGuardApp.PrepareAsync(app, CancellationToken.None);
        await app.StartAsync();
        return new RunningApp(app, folder);
    }

    /// <summary>A client with its own cookies that does not follow redirects.</summary>
    public HttpClient Client() => new(new HttpClientHandler { AllowAutoRedirect = false, CookieContainer = new CookieContainer() }) { BaseAddress = Url };

    /// <summary>A client that is signed in.</summary>
    public async Task<HttpClient> SignInAsync(string user, string password = "demonstration")
    {
        var client = Client();
        var answer = await PostFormAsync(client, "/signin", "signin", ("Input.UserName", user), ("Input.Password", password));
        Assert.Equal(HttpStatusCode.Redirect, answer.StatusCode);
        return client;
    }

    /// <summary>Posts a form of a static page with its antiforgery token.</summary>
    public static async Task<HttpResponseMessage> PostFormAsync(HttpClient client, string path, string handler, params (string Name, string Value)[] fields)
    {
        var page = await client.GetStringAsync(new Uri(path, UriKind.Relative));
        var token = Token().Match(page).Groups[1].Value;
        using var form = new FormUrlEncodedContent(fields.Append(("__RequestVerificationToken", token)).Append(("_handler", handler)).Select(f => KeyValuePair.Create(f.Item1, f.Item2)));
        return await client.PostAsync(new Uri(path, UriKind.Relative), form);
    }

    public async ValueTask DisposeAsync()
    {
        await App.StopAsync();
        await App.DisposeAsync();
        SqliteConnection.ClearAllPools();
        Directory.Delete(Folder, recursive: true);
    }

    /// <summary>An operation or query of the application.</summary>
    public T Get<T>()
        where T : notnull => App.Services.GetRequiredService<T>();

    /// <summary>A member of the demonstration staff, as an operation takes him.</summary>
    public async Task<StaffMember> StaffAsync(string user)
    {
        await using var db = await Get<IDbContextFactory<GuardDb>>().CreateDbContextAsync();
        var row = await db.Users.AsNoTracking().SingleAsync(u => u.UserName == user);
        return new StaffMember(row.Id, row.DisplayName, (await StaffChanges.RolesOfAsync(db, row.Id, CancellationToken.None)).ToHashSet(), "127.0.0.1");
    }

    [GeneratedRegex("""name="__RequestVerificationToken" value="([^"]+)""")]
    private static partial Regex Token();
}
