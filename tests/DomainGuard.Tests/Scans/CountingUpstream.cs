using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace DomainGuard.Tests.Scans;

/// <summary>An RDAP server and a domain research server on loopback, that counts what the first is asked.</summary>
internal sealed class CountingUpstream : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly TaskCompletionSource _letGo = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _holdAfter = int.MaxValue;
    private int _total;

    private CountingUpstream(WebApplication app) => _app = app;

    public ConcurrentDictionary<string, int> Names { get; } = new(StringComparer.Ordinal);

    /// <summary>Names that are not registered; all others are, in order.</summary>
    public Func<string, bool> IsGone { get; set; } = _ => false;

    public int Total => Volatile.Read(ref _total);

    public string Host => $"127.0.0.1:{new Uri(_app.Urls.First()).Port}";

    public static async Task<CountingUpstream> StartAsync(TimeSpan delay)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(k => k.Listen(IPAddress.Loopback, 0));
        var app = builder.Build();
        var upstream = new CountingUpstream(app);
        app.MapGet("/domain/{name}", async (string name, HttpContext http) =>
        {
            var number = Interlocked.Increment(ref upstream._total);
            upstream.Names.AddOrUpdate(name, 1, (_, n) => n + 1);
            await Task.Delay(delay);
            if (number > Volatile.Read(ref upstream._holdAfter))
            {
                await upstream._letGo.Task.WaitAsync(http.RequestAborted);
            }

            http.Response.ContentType = "application/rdap+json";
            if (upstream.IsGone(name))
            {
                http.Response.StatusCode = StatusCodes.Status404NotFound;
                return;
            }

            await http.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(string.Create(
                CultureInfo.InvariantCulture,
                $$"""{"objectClassName":"domain","ldhName":"{{name}}","handle":"H-{{name}}","status":["active"],"events":[{"eventAction":"registration","eventDate":"2012-03-04T05:06:07Z"},{"eventAction":"expiration","eventDate":"2099-03-04T05:06:07Z"}]}""")));
        });
        app.MapGet("/domain-management/v1/tools/status", (string domain) => Results.Json(new { domain, status = upstream.IsGone(domain) ? "undelegated inactive" : "active" }));
        await app.StartAsync();
        return upstream;
    }

    /// <summary>Answers nothing more once so many have asked, until <see cref="LetGo"/>.</summary>
    public void HoldAfter(int total) => Volatile.Write(ref _holdAfter, total);

    public void LetGo()
    {
        Volatile.Write(ref _holdAfter, int.MaxValue);
        _letGo.TrySetResult();
    }

    public async Task WaitForAsync(int total, Process asker)
    {
        while (Total < total)
        {
            Assert.False(asker.HasExited, "it ended before it had asked enough");
            await Task.Delay(5);
        }
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
