using System.Globalization;
using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace DomainGuard.Simulator.Rdap;

/// <summary>The RDAP servers of all registries: real bytes, with each registry's habits.</summary>
internal sealed class RdapServer(World world)
{
    private static readonly JsonWriterOptions Loose = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The answer to <c>.../domain/NAME</c>.</summary>
    internal HttpResponseMessage Answer(string name, DateTimeOffset now)
    {
        var tld = name[(name.LastIndexOf('.') + 1)..];
        var trouble = Registries.TroubleOf(tld, world.Start, now);
        switch (trouble)
        {
            case Trouble.RateLimited:
                var slow = Json(HttpStatusCode.TooManyRequests, Error(429, "Rate limit exceeded", "Wait before asking again."));
                slow.Headers.RetryAfter = new RetryConditionHeaderValue(TimeSpan.FromSeconds(1));
                return slow;
            case Trouble.Unavailable:
                return new HttpResponseMessage(HttpStatusCode.ServiceUnavailable) { Content = new StringContent("maintenance") };
            case Trouble.HtmlPage:
                return new HttpResponseMessage(HttpStatusCode.OK) { Content = new StringContent("<!doctype html><title>Welcome</title><h1>It works</h1>", Encoding.UTF8, "text/html") };
        }

        var domain = world.Find(name);
        var step = domain?.At(now);
        var habit = Registries.HabitOf(tld);
        if (trouble != Trouble.Lies && step is { Stage: Stage.Reserved })
        {
            return Json(HttpStatusCode.NotFound, Error(404, "Object not found", "This name is not available for registration: Registry Reserved"));
        }

        if (trouble == Trouble.Lies || step is null or { Stage: Stage.Gone or Stage.Reserved })
        {
            return habit == Habit.Verisign
                ? new HttpResponseMessage(HttpStatusCode.NotFound) { Content = new ByteArrayContent([]) { Headers = { ContentType = new MediaTypeHeaderValue("application/rdap+json") } } }
                : Json(HttpStatusCode.NotFound, Error(404, "Object not found", "No such registration."));
        }

        var answer = Json(HttpStatusCode.OK, Write(domain!, step, now));
        return habit == Habit.Pir ? Compress(answer) : answer;
    }

    private static HttpResponseMessage Compress(HttpResponseMessage answer)
    {
        using var compressed = new MemoryStream(1024);
        using (var gzip = new GZipStream(compressed, CompressionLevel.Fastest))
        {
            answer.Content.CopyTo(gzip, null, CancellationToken.None);
        }

        var content = new ByteArrayContent(compressed.ToArray()) { Headers = { ContentType = answer.Content.Headers.ContentType, ContentEncoding = { "gzip" } } };
        answer.Content.Dispose();
        answer.Content = content;
        return answer;
    }

    private static HttpResponseMessage Json(HttpStatusCode status, byte[] body) =>
        new(status) { Content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/rdap+json") } } };

    private static byte[] Error(int code, string title, string description) =>
        Encoding.UTF8.GetBytes($$"""{"rdapConformance":["rdap_level_0"],"errorCode":{{code}},"title":"{{title}}","description":["{{description}}"]}""");

    private static byte[] Write(SimulatedDomain domain, Step step, DateTimeOffset now)
    {
        var habit = Registries.HabitOf(domain.Tld);
        var expires = domain.ExpiresAt(step, now);
        using var stream = new MemoryStream(2048);
        using (var json = new Utf8JsonWriter(stream, Loose))
        {
            json.WriteStartObject();
            json.WriteString("objectClassName", "domain");
            if (habit is Habit.Pir)
            {
                json.WriteString("handle", "REDACTED");
            }
            else if (habit is not (Habit.Denic or Habit.Sidn))
            {
                json.WriteString("handle", step.Life.Handle);
            }

            json.WriteString("ldhName", habit == Habit.Verisign ? domain.Name.ToUpperInvariant() : domain.Name);
            Strings(json, "status", Statuses(habit, step, now));
            if (!(habit == Habit.Denic && step.Stage == Stage.Redemption))
            {
                WriteEvents(json, habit, step, expires, now);
            }

            if (habit is not Habit.Denic && !(habit == Habit.RegistroBr && step.Stage == Stage.Hold))
            {
                WriteRegistrar(json, step.Holder);
            }

            json.WriteStartArray("nameservers");
            foreach (var host in step.Stage is Stage.Redemption or Stage.PendingDelete or Stage.Quarantine && habit == Habit.Denic ? [] : step.Holder.NameServers)
            {
                json.WriteStartObject();
                json.WriteString("objectClassName", "nameserver");
                json.WriteString("ldhName", habit == Habit.Verisign ? host.ToUpperInvariant() : habit is Habit.Nominet or Habit.Denic ? host + "." : host);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteStartObject("secureDNS");
            json.WriteBoolean("delegationSigned", false);
            json.WriteEndObject();
            if (habit == Habit.Verisign)
            {
                WriteLinks(json, domain, step.Holder);
            }
            else if (habit == Habit.Pir)
            {
                WriteRedacted(json, "replacementValue", "Registry Domain ID");
            }
            else if (habit == Habit.Auda)
            {
                WriteRedacted(json, "removal", "Creation Date", "Registry Domain Expiration Date");
            }

            WriteNotices(json);
            json.WriteEndObject();
        }

        return stream.ToArray();
    }

    private static IReadOnlyList<string> Statuses(Habit habit, Step step, DateTimeOffset now)
    {
        var isLastDay = step.Expires is { } e && now >= e.AddDays(57);
        return (habit, step.Stage) switch
        {
            (Habit.RegistroBr, Stage.Live) => ["published"],
            (Habit.RegistroBr, _) => [],
            (Habit.Denic, Stage.Live) => ["active"],
            (Habit.Denic, Stage.Redemption) => ["redemption period"],
            (Habit.Auda, Stage.Hold) => ["server hold", "server update prohibited"],
            (Habit.Auda, Stage.PendingDelete) => ["server hold", "server renew prohibited", "server update prohibited"],
            (Habit.Nominet, Stage.Suspended) => ["pending delete", "server hold"],
            (_, Stage.Quarantine) => ["pending delete"],
            (Habit.Afnic, Stage.Redemption) => isLastDay ? ["inactive"] : ["pending delete", "redemption period"],
            (_, Stage.AutoRenew) => ["client transfer prohibited", "auto renew period"],
            (_, Stage.Hold) => ["client hold", "client transfer prohibited"],
            (_, Stage.Redemption) => ["pending delete", "redemption period"],
            (_, Stage.Restoring) => ["pending delete", "pending restore"],
            (_, Stage.PendingDelete) => ["pending delete"],
            (_, Stage.Lapsed) => ["active"],
            _ when step.Holder.NameServers.Count == 0 => ["inactive"],
            _ when now - step.Life.RegisteredAt < TimeSpan.FromDays(5) && step.Life.Actor is null => ["add period"],
            _ when step.Holder.TransferredAt is { } moved && now - moved < TimeSpan.FromDays(5) => ["client transfer prohibited", "transfer period"],
            (Habit.Verisign, _) => ["client delete prohibited", "client transfer prohibited", "client update prohibited"],
            _ => ["active"],
        };
    }

    private static void WriteEvents(Utf8JsonWriter json, Habit habit, Step step, DateTimeOffset expires, DateTimeOffset now)
    {
        json.WriteStartArray("events");
        if (habit != Habit.Denic)
        {
            if (habit is not (Habit.Auda or Habit.NoDates))
            {
                Event(json, habit, "registration", step.Life.RegisteredAt, step.Life.Actor);
            }

            if (habit is not (Habit.Auda or Habit.NoDates or Habit.NoExpiry or Habit.Sidn) || (habit == Habit.Sidn && step.Stage == Stage.Quarantine))
            {
                Event(json, habit, "expiration", expires, null);
            }

            if (step.Holder.TransferredAt is { } transfer)
            {
                Event(json, habit, "transfer", transfer, null);
            }

            if (habit == Habit.Afnic && step.Stage == Stage.Redemption && step.Expires is { } e && now >= e.AddDays(57))
            {
                Event(json, habit, "deletion", e.AddDays(58), null);
            }
        }

        Event(json, habit, "last changed", step.From, null);
        Event(json, habit, "last update of RDAP database", now, null);
        json.WriteEndArray();
    }

    private static void Event(Utf8JsonWriter json, Habit habit, string action, DateTimeOffset at, string? actor)
    {
        json.WriteStartObject();
        json.WriteString("eventAction", action);
        if (actor is not null)
        {
            json.WriteString("eventActor", actor);
        }

        json.WriteString("eventDate", habit switch
        {
            Habit.Offset => at.ToOffset(TimeSpan.FromHours(1)).ToString("yyyy-MM-dd'T'HH:mm:ss.fzzz", CultureInfo.InvariantCulture),
            Habit.Pir => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture),
            _ => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture),
        });
        json.WriteEndObject();
    }

    private static void WriteRegistrar(Utf8JsonWriter json, Holder holder)
    {
        json.WriteStartArray("entities");
        json.WriteStartObject();
        json.WriteString("objectClassName", "entity");
        Strings(json, "roles", ["registrar"]);
        json.WriteStartArray("publicIds");
        json.WriteStartObject();
        json.WriteString("type", "IANA Registrar ID");
        json.WriteString("identifier", holder.RegistrarId.ToString(CultureInfo.InvariantCulture));
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteStartArray("vcardArray");
        json.WriteStringValue("vcard");
        json.WriteStartArray();
        foreach (var (property, value) in ((string, string)[])[("version", "4.0"), ("fn", holder.RegistrarName)])
        {
            json.WriteStartArray();
            json.WriteStringValue(property);
            json.WriteStartObject();
            json.WriteEndObject();
            json.WriteStringValue("text");
            json.WriteStringValue(value);
            json.WriteEndArray();
        }

        json.WriteEndArray();
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndArray();
    }

    /// <summary>A thin registry points to the registrar's server for the rest (RFC 9083 4.2).</summary>
    private static void WriteLinks(Utf8JsonWriter json, SimulatedDomain domain, Holder holder)
    {
        var path = $"domain/{domain.Name.ToUpperInvariant()}";
        json.WriteStartArray("links");
        foreach (var (relation, address) in ((string, string)[])
            [("self", $"https://rdap.verisign.com/{domain.Tld}/v1/{path}"), ("related", $"https://rdap.registrar-{holder.RegistrarId}.example/{path}")])
        {
            json.WriteStartObject();
            json.WriteString("value", address);
            json.WriteString("rel", relation);
            json.WriteString("href", address);
            json.WriteString("type", "application/rdap+json");
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    /// <summary>What the registry leaves out or blots, by name (RFC 9537 4.2).</summary>
    private static void WriteRedacted(Utf8JsonWriter json, string method, params ReadOnlySpan<string> names)
    {
        json.WriteStartArray("redacted");
        foreach (var name in names)
        {
            json.WriteStartObject();
            json.WriteStartObject("name");
            json.WriteString("type", name);
            json.WriteEndObject();
            json.WriteString("method", method);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteNotices(Utf8JsonWriter json)
    {
        json.WriteStartArray("notices");
        foreach (var (title, text) in ((string, string)[])
            [("Terms of Use", "A pretend registry for demonstrations. Nothing here is a real registration. All rights reserved."), ("Status Codes", "For more information on domain status codes, see the EPP documentation.")])
        {
            json.WriteStartObject();
            json.WriteString("title", title);
            Strings(json, "description", [text]);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        Strings(json, "rdapConformance", ["rdap_level_0", "icann_rdap_response_profile_1"]);
    }

    private static void Strings(Utf8JsonWriter json, string name, IReadOnlyList<string> values)
    {
        json.WriteStartArray(name);
        foreach (var value in values)
        {
            json.WriteStringValue(value);
        }

        json.WriteEndArray();
    }
}
