// The words of mainstay-lab, each one thin: read the options, ask the lab, print.
#include "lab/cli.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>

#include "lab/analysis.h"
#include "lab/control.h"
#include "lab/daemon.h"
#include "lab/exec.h"
#include "lab/layout.h"
#include "lab/probe.h"
#include "lab/proxy.h"
#include "lab/shared_ledger.h"
#include "lab/status_text.h"
#include "lab/web.h"
#include "lab/words.h"

namespace mainstay::lab {
namespace {

constexpr auto no_hurry = std::chrono::hours(24 * 365);

constexpr const char* fault_help =
    R"(What can go wrong (durations as 20ms, 1.5s; shares as 10% or 0.1):
  kill NAME                     the instance dies at once and no packet tells of it;
                                AWS still says "running"
  stop NAME [--force]           as StopInstances
  start NAME                    boots an instance that is off
  reboot NAME [--hard]          --hard: as a reset button, nothing is asked first
  stop-delay D                  StopInstances takes D: so long the instance runs on, "stopping"
  freeze NAME | thaw NAME       the whole instance stands still, its network too
  cut PLACE [PLACE] [--one-way out|in]
                                no packets between the places; one place: between it and
                                everything else. PLACE: an instance, a zone, 'aws' (the
                                endpoints) or 'internet'. --one-way out: only packets from the
                                first place are lost; in: only those to it
  heal [PLACE [PLACE]]          ends the cuts that name these places; without any: all cuts
  line NAME [--delay D] [--jitter D] [--loss SHARE] | line NAME --clear
                                each way of the instance's link
  volume NAME[/DEVICE] latency D [--operation read|write|flush]
  volume NAME[/DEVICE] errors [--operation read|write|flush] [--rate SHARE] [--count N]
  volume NAME[/DEVICE] lose-cache [--rate SHARE] [--seed N]
                                at a kill, of the sectors that were not flushed each is lost
                                with that chance (50%)
  volume NAME[/DEVICE] tear [--seed N]
                                at a kill, writes that wait for their answer land in part
  volume NAME[/DEVICE] heal
  api latency D | stale D | clock-skew D | throttle | error | lost-reply | outage
      [--action PATTERN] [--instance NAME] [--rate SHARE] [--count N]
      [--code CODE] [--status HTTP]
                                PATTERN: an action, or service:action (dynamodb:*)
                                latency: calls take D longer. stale: Describe calls show what
                                was true D ago. clock-skew: the endpoints' clock is D ahead.
                                throttle: RequestLimitExceeded. error: CODE (InternalError)
                                with HTTP (500). lost-reply: it is done, but the connection
                                ends without an answer. outage: no answer ever
  api clear [ID]
  imds outage|refuse|heal [NAME]
                                the metadata service does not answer, or is turned off
  dns outage|heal [NAME] | dns forget
                                the VPC's resolver does not answer; forget: what it remembers
  delegation DOMAIN [SERVER ...]
                                a public zone's domain is sent to these name servers, which
                                know nothing in it; without any: to Route 53's again
  route53 delay D [D]           changes of records are PENDING so long, drawn between the two
  zone ZONE available|information|impaired|unavailable [MESSAGE]
                                what DescribeAvailabilityZones says of it
  notice NAME spot terminate|stop|hibernate [D] | rebalance | maintenance CODE [D] |
         lifecycle STATE | clear
                                what the instance's metadata announces; D: in so long (2min)
  limit ACTION SIZE PER-SECOND | limit clear
                                calls at once and a second before RequestLimitExceeded or
                                Throttling; ACTION as ec2:Describe*, route53:*
  lag D                         each write shows in reads after a time drawn up to D
  public-delay D                so long a public address takes to move (100ms)
  policy ROLE JSON|all          what the role is allowed from now on
  role NAME ROLE|none           the instance's role from now on
  credentials expire NAME [--stuck] | credentials refresh NAME
                                --stuck: the metadata service goes on handing out the
                                expired ones
  clock NAME SHIFT              the instance's time of day is SHIFT ahead (-5min: behind);
                                needs up --own-clocks
  deny ROLE ACTION | permit ROLE ACTION|all
                                for example: deny ha-node ec2:ReplaceRoute
  clear                         ends all faults; what is dead stays dead)";

struct Cli {
  CLI::App app{"mainstay-lab: a small AWS with real packets, on this machine alone."};
  std::string directory = default_directory();
  std::vector<std::string> tail;  // what follows "--": the command of exec and boot-command
  int code = 0;

  void finish(const Result<std::string>& result) {
    if (result) {
      if (!result->empty()) fmt::print("{}{}", *result, result->ends_with('\n') ? "" : "\n");
      return;
    }
    fmt::print(stderr, "mainstay-lab: {}\n", result.error().message);
    code = 1;
  }
  CLI::App* command(const std::string& name, const std::string& help) {
    CLI::App* made = app.add_subcommand(name, help);
    made->add_option("--dir", directory, "run directory of the lab")
        ->envname("MAINSTAY_LAB_DIR")
        ->capture_default_str();
    return made;
  }
};

void add_up(Cli& cli) {
  static UpOptions options;
  CLI::App* up = cli.command("up", "start a lab and wait until all its instances are up");
  up->add_option("--layout", options.layout_file, "JSON file that describes the VPC; see 'layout'");
  up->add_option("--pattern", options.pattern, "a layout of the guide: vip, eip or dns")
      ->check(CLI::IsMember({"vip", "eip", "dns"}))
      ->capture_default_str();
  up->add_option(
      "--bind", options.binds,
      "directory that instances shall see at its place although they have their own there "
      "(below /root, /run, /tmp, /var); repeatable");
  up->add_option("--stop-patience", options.stop_patience_s,
                 "seconds an instance may take to stop before it is killed")
      ->check(CLI::Range(0, 3600))
      ->capture_default_str();
  up->add_flag("--own-clocks", options.own_clocks,
               "instances have a time of day that 'fault clock' can shift");
  up->add_flag("--foreground", options.foreground, "stay, until SIGINT, SIGTERM or 'down'");
  up->callback([&cli] {
    options.directory = cli.directory;
    cli.finish(bring_up(options));
  });
}

void add_down(Cli& cli) {
  cli.command("down", "end the lab and remove everything it made, also after it was killed")
      ->callback([&cli] {
        const Status done = take_down(cli.directory);
        cli.finish(done ? Result<std::string>("") : std::unexpected(done.error()));
      });
}

void add_layout(Cli& cli) {
  static std::string pattern = "vip";
  CLI::App* layout =
      cli.app.add_subcommand("layout", "print a built-in layout, to start your own from");
  layout->add_option("pattern", pattern, "of the guide: vip, eip or dns")
      ->check(CLI::IsMember({"vip", "eip", "dns"}))
      ->capture_default_str();
  layout->callback([&cli] { cli.finish(*layout_text_named(pattern)); });
}

void add_status(Cli& cli) {
  static bool json = false;
  CLI::App* status = cli.command("status", "show instances, routes, cuts and faults");
  status->add_flag("--json", json, "everything, with all ids");
  status->callback([&cli] {
    auto text = ask_lab(cli.directory, {.command = "status"});
    if (text && !json) text = status_text(*text);
    cli.finish(text);
  });
}

void add_events(Cli& cli) {
  static bool json = false;
  static std::uint64_t since = 0;
  CLI::App* events =
      cli.command("events", "show what happened: API calls, routes, instances, faults");
  events->add_flag("--json", json, "one object per line, with CLOCK_MONOTONIC and wall times");
  events->add_option("--since", since, "only those after this number");
  events->callback([&cli] {
    auto text = ask_lab(cli.directory, {.command = "events", .since = since});
    if (text && !json) text = events_text(*text);
    cli.finish(text);
  });
}

void add_environment(Cli& cli) {
  static std::string instance;
  static bool administrator = false;
  CLI::App* env = cli.command("env", "print NAME=value lines for AWS clients in an instance");
  env->add_option("instance", instance, "name of the instance");
  env->add_flag("--administrator", administrator,
                "with the keys of somebody who may do everything");
  env->callback([&cli] {
    if (instance.empty() && !administrator) {
      throw CLI::RequiredError("INSTANCE or --administrator");
    }
    cli.finish(ask_lab(cli.directory,
                       {.command = "env", .instance = administrator ? std::string() : instance}));
  });
}

void add_fault(Cli& cli) {
  static std::vector<std::string> words;
  CLI::App* fault = cli.command("fault", "make something go wrong, or right again");
  fault->footer(fault_help);
  fault->prefix_command();
  fault->callback([&cli, fault] {
    words = fault->remaining();
    cli.finish(ask_lab(cli.directory, {.command = "fault", .words = words}));
  });
}

void add_exec(Cli& cli) {
  static ExecRequest request;
  static std::string instance;
  static double timeout_s = 0;
  CLI::App* exec =
      cli.command("exec", "run a command in an instance: exec NAME [options] -- COMMAND ...");
  exec->add_option("instance", instance, "name of the instance")->required();
  exec->add_flag("--detach", request.detach, "leave it running; its output goes to the log");
  exec->add_option("--log", request.log,
                   "log of a detached command, in the instance "
                   "(/var/log/COMMAND.log)");
  exec->add_option("--env", request.environment, "NAME=value; repeatable");
  exec->add_option("--timeout", timeout_s, "give up after so many seconds, and kill the command");
  exec->callback([&cli] {
    request.argv = cli.tail;
    if (request.argv.empty()) throw CLI::RequiredError("-- COMMAND");
    const Duration patience =
        timeout_s > 0 ? Duration(static_cast<std::int64_t>(timeout_s * 1e9)) : Duration(no_hurry);
    const auto code = exec_in(cli.directory, instance, request, {}, patience);
    if (code) {
      cli.code = *code;
      return;
    }
    fmt::print(stderr, "mainstay-lab: {}\n", code.error().message);
    cli.code = 125;
  });
}

void add_shell(Cli& cli) {
  static std::string instance;
  CLI::App* shell = cli.command("shell", "a shell in an instance");
  shell->add_option("instance", instance, "name of the instance")->required();
  shell->callback([&cli] {
    const char* terminal = std::getenv("TERM");
    ExecRequest request{.argv = {"/bin/bash", "-i"}};
    if (terminal != nullptr) request.environment.push_back(fmt::format("TERM={}", terminal));
    const auto code = exec_in(cli.directory, instance, request, {}, no_hurry);
    if (!code) cli.finish(std::unexpected(code.error()));
  });
}

void add_boot_command(Cli& cli) {
  static std::string instance;
  CLI::App* boot = cli.command("boot-command",
                               "what an instance runs at each boot: boot-command NAME -- "
                               "COMMAND ...; without a command: nothing");
  boot->add_option("instance", instance, "name of the instance")->required();
  boot->callback([&cli] {
    cli.finish(ask_lab(cli.directory,
                       {.command = "boot-command", .words = cli.tail, .instance = instance}));
  });
}

// Reads a duration of an option; a wrong one is a wrong command line.
CLI::Option* add_duration(CLI::App* app, const std::string& name, Duration& into,
                          const std::string& help) {
  return app->add_option_function<std::string>(
      name,
      [&into, name](const std::string& text) {
        const auto parsed = parse_duration(text);
        if (!parsed) throw CLI::ValidationError(name, parsed.error().message);
        into = *parsed;
      },
      help);
}

Result<std::string> silent(const Status& done) {
  if (!done) return std::unexpected(done.error());
  return "";
}

void add_web(Cli& cli) {
  static WebOptions options;
  CLI::App* web =
      cli.app.add_subcommand("web", "in an instance: a web server that answers with its name");
  web->add_option("--listen", options.listen, "ADDRESS:PORT")->required();
  web->add_option("--name", options.name, "name of the node")->required();
  web->add_option("--ledger", options.ledger,
                  "file to which 'CLOCK_MONOTONIC-ns NAME' is appended every 5 ms, for example "
                  "/run/lab/ledger");
  web->add_option("--shared-ledger", options.shared_ledger,
                  "ADDRESS:PORT of a shared-ledger, which is told every 5 ms and of each request");
  web->add_option("--term", options.term, "what the shared ledger is told besides the name");
  web->callback([&cli] { cli.finish(silent(run_web(options))); });
}

void add_shared_ledger(Cli& cli) {
  static SharedLedgerOptions options;
  CLI::App* ledger = cli.app.add_subcommand(
      "shared-ledger", "in an instance: take down what web servers write through the network");
  ledger->add_option("--listen", options.listen, "ADDRESS:PORT (UDP)")->required();
  ledger
      ->add_option("--out", options.out,
                   "file to which 'ARRIVAL-ns NAME TERM ADDRESS-ASKED' is appended per line")
      ->required();
  ledger->callback([&cli] { cli.finish(silent(run_shared_ledger(options))); });
}

void add_probe(Cli& cli) {
  static ProbeOptions options;
  CLI::App* probe =
      cli.app.add_subcommand("probe", "in an instance: ask the service again and again");
  probe->add_option("--url", options.url, "http://HOST:PORT/")->required();
  add_duration(probe, "--interval", options.interval, "a new request so often (20ms)");
  add_duration(probe, "--timeout", options.timeout, "after which a request has failed (400ms)");
  add_duration(probe, "--duration", options.duration, "how long (10s); 0s: until SIGTERM");
  probe->add_option("--out", options.out, "file of JSON lines; default: stdout");
  probe->callback([&cli] { cli.finish(silent(run_probe(options))); });
}

void add_proxy(Cli& cli) {
  static ProxyOptions options;
  CLI::App* proxy = cli.app.add_subcommand("proxy", "in an instance: an HTTP proxy");
  proxy->add_option("--listen", options.listen, "ADDRESS:PORT")->required();
  proxy->callback([&cli] { cli.finish(silent(run_proxy(options))); });
}

void add_analyse(Cli& cli) {
  static AnalysedFiles files;
  static Duration gap = ledger_gap_max;
  CLI::App* analyse = cli.app.add_subcommand(
      "analyse",
      "the clients' outage from a probe's records, and how long two nodes were active at once");
  analyse->add_option("--probe", files.probe, "records of a probe")->required();
  analyse->add_option("--ledger", files.ledger, "ledger of the web servers");
  analyse->add_option("--shared-ledger", files.shared_ledger, "what a shared-ledger took down");
  add_duration(analyse, "--gap", gap, "a ledger's silence that ends activity (15ms)");
  analyse->callback([&cli] { cli.finish(analyse_files(files, gap)); });
}

}  // namespace

int run_cli(int argc, char** argv) {
  Cli cli;
  cli.app.require_subcommand(1);
  for (const auto add : {add_up, add_down, add_layout, add_status, add_events, add_environment,
                         add_exec, add_shell, add_boot_command, add_fault, add_web,
                         add_shared_ledger, add_probe, add_proxy, add_analyse}) {
    add(cli);
  }
  const auto tail = std::find(argv, argv + argc, std::string_view("--"));
  if (tail != argv + argc) cli.tail.assign(tail + 1, argv + argc);
  try {
    cli.app.parse(static_cast<int>(tail - argv), argv);
  } catch (const CLI::ParseError& problem) {
    return cli.app.exit(problem) == 0 ? 0 : 2;
  }
  return cli.code;
}

}  // namespace mainstay::lab
