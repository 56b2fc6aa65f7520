using System.Text;
using DomainGuard.Core.Events;

namespace DomainGuard.Core.Tests.Events;

public sealed class WebhookSignatureTests
{
    private const string Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    [Fact]
    public void The_example_of_the_specification_is_signed_as_it_stands_there() => Assert.Equal(
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        WebhookSignature.Of([Secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", DateTimeOffset.FromUnixTimeSeconds(1614265330), Encoding.UTF8.GetBytes("""{"test": 2432232314}""")));

    [Fact]
    public void Two_secrets_give_two_signatures_the_newest_first()
    {
        var other = WebhookSignature.Secret(new byte[32]);
        var at = DateTimeOffset.FromUnixTimeSeconds(1);
        var both = WebhookSignature.Of([other, Secret], "m", at, "x"u8).Split(' ');
        Assert.Equal([WebhookSignature.Of([other], "m", at, "x"u8), WebhookSignature.Of([Secret], "m", at, "x"u8)], both);
        Assert.NotEqual(both[0], both[1]);
    }

    [Fact]
    public void A_secret_is_shown_after_its_prefix_and_what_is_none_is_refused()
    {
        Assert.Equal("whsec_AAEC", WebhookSignature.Secret([0, 1, 2]));
        Assert.Throws<FormatException>(() => WebhookSignature.Of(["sk_live"], "m", default, "x"u8));
    }

    [Fact]
    public void Every_kind_of_event_has_its_own_dotted_name_and_is_found_by_it()
    {
        var names = Enum.GetValues<EventType>().Select(EventTypes.Name).ToList();
        Assert.Equal(names.Distinct(), names);
        Assert.All(names, n => Assert.Matches("^[a-z_]+\\.[a-z_]+$", n));
        Assert.All(EventTypes.Choosable, t => Assert.Equal(t, EventTypes.Of(EventTypes.Name(t))));
        Assert.Null(EventTypes.Of("webhook.test"));
        var some = EventTypes.Bits([EventType.AddressUnverified, EventType.AuditCheckpoint]);
        Assert.Equal([EventType.AddressUnverified, EventType.AuditCheckpoint, EventType.WebhookTest], Enum.GetValues<EventType>().Where(t => EventTypes.Holds(some, t)));
    }
}
