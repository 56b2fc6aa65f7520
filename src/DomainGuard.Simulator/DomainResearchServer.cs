using System.Net;
using System.Text;

namespace DomainGuard.Simulator;

/// <summary>Fastly Domain Research and Domainr v2 over the same world: status words in rising order of weight.</summary>
internal sealed class DomainResearchServer(World world)
{
    internal HttpResponseMessage AnswerFastly(string name, DateTimeOffset now) =>
        Json($$"""{"domain":"{{name}}","zone":"{{name[(name.IndexOf('.', StringComparison.Ordinal) + 1)..]}}","status":"{{Words(name, now)}}","tags":"generic"{{Offers(name, now)}}}""");

    internal HttpResponseMessage AnswerDomainr(string name, DateTimeOffset now) =>
        Json($$"""{"status":[{"domain":"{{name}}","zone":"{{name[(name.IndexOf('.', StringComparison.Ordinal) + 1)..]}}","status":"{{Words(name, now)}}","summary":"{{Words(name, now).Split(' ')[^1]}}"}]}""");

    private string Offers(string name, DateTimeOffset now) =>
        world.Find(name)?.At(now) is { Holder.ForSale: true } ? ""","offers":[{"vendor":"a pretend marketplace","price":"2400","currency":"USD"}]""" : "";

    private string Words(string name, DateTimeOffset now)
    {
        var step = world.Find(name)?.At(now);
        var undelegated = SimulatedDomain.IsInZone(step) ? "" : "undelegated ";
        return step switch
        {
            null or { Stage: Stage.Gone } => "undelegated inactive",
            { Stage: Stage.Reserved } => "undelegated reserved",
            { Stage: Stage.Redemption or Stage.Quarantine or Stage.Restoring } => undelegated + "active expiring",
            { Stage: Stage.PendingDelete or Stage.Suspended } => undelegated + "active deleting",
            { Holder.ForSale: true } => undelegated + "active parked marketed",
            { Holder.IsParked: true } => undelegated + "active parked",
            _ => undelegated + "active",
        };
    }

    private static HttpResponseMessage Json(string body) => new(HttpStatusCode.OK) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
}
