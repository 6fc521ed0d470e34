using System.CommandLine;
using Syncline.Server;
using Syncline.Server.Client;

// What is no command of ours is configuration, as ASP.NET Core reads it: --urls, --data, --Auth:Mode=None …
RootCommand root = new("Syncline: a local-first sync server with an embedded database.");
root.Add(ServeCommand.Create());
root.Add(UsersCommand.Create());
root.Add(BackupCommand.Create());
root.Add(RestoreCommand.Create());
root.Add(LoginCommand.Create());
root.Add(StatusCommand.Create());
root.Add(LogCommand.Create());
root.Add(TreeCommand.Create());
root.Add(ListsCommand.Create());
string[] arguments = args is [] || args[0].StartsWith('-') && args[0] is not ("-h" or "-?" or "--help" or "--version") ? ["serve", .. args] : args;
return await root.Parse(arguments).InvokeAsync();
