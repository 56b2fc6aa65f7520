using System.Net;
using System.Net.Sockets;
using DomainGuard.Tests.Infrastructure;

namespace DomainGuard.Tests.Architecture;

public sealed class NetworkWatchTests
{
    [Theory]
    [InlineData("127.0.0.1", true)]
    [InlineData("::1", true)]
    [InlineData("192.0.2.7", false)]
    [InlineData("2001:db8::7", false)]
    [InlineData("::ffff:192.0.2.7", false)]
    public void Tells_this_machine_from_others(string address, bool here) =>
        Assert.Equal(here, NetworkWatch.IsHere(new IPEndPoint(IPAddress.Parse(address), 443).Serialize().ToString()));

    [Fact]
    public async Task Sees_every_connection_of_this_process()
    {
        var before = NetworkWatch.Seen;
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var client = new TcpClient();
        await client.ConnectAsync((IPEndPoint)listener.LocalEndpoint, TestContext.Current.CancellationToken);
        Assert.True(NetworkWatch.Seen > before);
    }
}
