using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using MimeKit;

namespace DomainGuard.Tests.Notifications;

/// <summary>A mail server on loopback (RFC 5321, as much of it as a client needs) whose answers a test decides.</summary>
internal sealed class SmtpServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentBag<Task> _sessions = [];
    private Task _accepting = Task.CompletedTask;

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Mails that were transferred whole, whatever was answered to them.</summary>
    public ConcurrentQueue<(string To, MimeMessage Message)> Got { get; } = new();

    /// <summary>What is answered to a command ("" for the greeting, "." for the end of the data); null leaves it to the server.</summary>
    public Func<string, Task<string?>> Answer { get; set; } = _ => Task.FromResult<string?>(null);

    public static SmtpServer Start()
    {
        var server = new SmtpServer();
        server._listener.Start();
        server._accepting = server.AcceptAsync();
        return server;
    }

    /// <summary>Answers this to commands that begin so.</summary>
    public void Say(string command, string answer) => Answer = line => Task.FromResult(line.StartsWith(command, StringComparison.OrdinalIgnoreCase) ? answer : null);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting;
        await Task.WhenAll(_sessions);
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptTcpClientAsync(_stop.Token);
                _sessions.Add(ServeAsync(client));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Stopped.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        try
        {
            using var _ = client;
            await using var stream = client.GetStream();
            using var reader = new StreamReader(stream, Encoding.Latin1);
            await ReplyAsync(stream, await Answer("") ?? "220 loopback");
            var to = "";
            while (await reader.ReadLineAsync(_stop.Token) is { } line)
            {
                var answer = await Answer(line);
                if (line.StartsWith("RCPT TO:", StringComparison.OrdinalIgnoreCase))
                {
                    to = line[(line.IndexOf('<', StringComparison.Ordinal) + 1)..line.LastIndexOf('>')];
                }

                if (line.Equals("DATA", StringComparison.OrdinalIgnoreCase) && answer is null)
                {
                    await ReplyAsync(stream, "354 go on");
                    Got.Enqueue((to, await ReadDataAsync(reader)));
                    answer = await Answer(".");
                }

                await ReplyAsync(stream, answer ?? (line.StartsWith("QUIT", StringComparison.OrdinalIgnoreCase) ? "221 bye" : line.StartsWith("EHLO", StringComparison.OrdinalIgnoreCase) ? "250-loopback\r\n250 8BITMIME" : "250 ok"));
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The client has gone, or the test is over.
        }
    }

    private async Task<MimeMessage> ReadDataAsync(StreamReader reader)
    {
        using var data = new MemoryStream();
        while (await reader.ReadLineAsync(_stop.Token) is { } line && line != ".")
        {
            Assert.True(line.Length <= 998, "a line is longer than RFC 5321 4.5.3.1.6 allows");
            data.Write(Encoding.Latin1.GetBytes((line.StartsWith('.') ? line[1..] : line) + "\r\n"));
        }

        data.Position = 0;
        return await MimeMessage.LoadAsync(data, _stop.Token);
    }

    private static async Task ReplyAsync(NetworkStream stream, string answer) => await stream.WriteAsync(Encoding.ASCII.GetBytes(answer + "\r\n"));
}
