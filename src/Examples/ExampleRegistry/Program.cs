using ExampleRegistry;

var app = RegistryApp.Build(args);
await RegistryApp.PrepareAsync(app);
await app.RunAsync();
