// Requests and answers without a transport.
#include <doctest/doctest.h>

#include "api/envelope.h"
#include "api/fake_control.h"
#include "api/json.h"
#include "api/metrics.h"
#include "api/thread_pool.h"
#include "api/warnings.h"

using namespace mainstay;
using namespace mainstay::api;

namespace {

Reply get(Control& control, const char* target) {
  return answer(control, parse_target("GET", target), Origin::here);
}

Reply post(Control& control, const char* target, const char* body = "") {
  Request request = parse_target("POST", target);
  request.body = body;
  return answer(control, request, Origin::here);
}

bool has(const std::string& text, const char* part) { return text.find(part) != text.npos; }

}  // namespace

TEST_CASE("a status survives the way through JSON") {
  auto report = fake_report();
  report.cluster.nodes[1].trust = Trust::suspect;
  report.cluster.nodes[1].why = "nothing heard for 750 ms";
  report.cluster.groups[0].unfit = {NodeName("b")};
  report.cluster.groups[0].waits_for = "the word of b";
  report.cluster.start_wait = "b";
  report.cluster.nodes[1].phase = NodePhase::isolated;
  report.cluster.nodes[1].quarantined = true;
  report.cluster.groups[0].double_runs = 2;
  report.cluster.shutdown = {{ShutdownGroups::stop, 20s}, true};
  report.cluster.reboots = {1, 3};
  report.cluster.monitors[0].number = 105;
  report.cluster.reachability_checks[0].why = "10.0.0.1: no reply";
  report.cluster.forced_stops[0] = {NodeName("b"), Verdict::unhealthy, 2s, "denied"};
  report.daemon.troubles = {"3 events were lost"};
  report.daemon.doctor.looked = report.daemon.now;
  report.daemon.doctor.findings = {
      {Severity::error, "vip-route", "no route", "nobody gets there", "add it"}};
  const std::string once = to_json(report);
  const auto back = status_from_json(once);
  REQUIRE(back);
  CHECK(to_json(*back) == once);
  CHECK(back->cluster.nodes[1].paths[0].silence == 120ms);
  CHECK(back->cluster.permission.left == 1500ms);
  CHECK(back->cluster.config_digest == 0x00ff12);
  CHECK(back->daemon.pid == 4711);
  CHECK(back->daemon.doctor.looked == report.daemon.now);
  CHECK(back->daemon.doctor.findings == report.daemon.doctor.findings);
  CHECK(back->cluster.reachability_checks[0].lasts == 3min);
  CHECK(back->cluster.forced_stops[0].verdict == Verdict::unhealthy);
  CHECK(has(once, R"({"for_ms":2000,"node":"b","state":"error","why":"denied"})"));
  CHECK(back->cluster.nodes[1].phase == NodePhase::isolated);
  CHECK(back->cluster.shutdown.policy == ShutdownConfig{ShutdownGroups::stop, 20s});
}

TEST_CASE("a permission without end is null") {
  auto report = fake_report();
  report.cluster.permission.left.reset();
  const std::string json = to_json(report);
  CHECK(has(json, "\"left_ms\":null"));
  CHECK_FALSE(status_from_json(json)->cluster.permission.left);
}

TEST_CASE("text that is not UTF-8 does not spoil the answer") {
  auto report = fake_report();
  report.cluster.groups[0].resources[0].why = "the script said \xff\xfe";
  CHECK(status_from_json(to_json(report)));
}

TEST_CASE("what a newer daemon says beyond our knowledge is ignored") {
  const auto report = status_from_json(
      R"({"cluster":"c","future":[1],"nodes":[{"name":"a","trust":"enlightened","paths":7}]})");
  REQUIRE(report);
  CHECK(report->cluster.nodes.at(0).name == NodeName("a"));
  CHECK(report->cluster.nodes.at(0).trust == Trust::unheard);
  CHECK_FALSE(status_from_json("not json"));
}

TEST_CASE("times are read as they are written") {
  const WallTime time(1'795'414'501'250ms);
  CHECK(time_from_text(to_text(time)) == time);
  CHECK_FALSE(time_from_text("yesterday"));
  CHECK_FALSE(time_from_text("2026-13-40T00:00:00.000Z"));
}

TEST_CASE("targets are taken apart and put together") {
  const Request request = parse_target("GET", "/v1/groups/a%20b/why?limit=3&at=n%2f1&flag&x=1+2");
  CHECK(request.path == "/v1/groups/a b/why");
  CHECK(request.query == std::map<std::string, std::string>{
                             {"limit", "3"}, {"at", "n/1"}, {"flag", ""}, {"x", "1 2"}});
  const Request again = parse_target("GET", target_of(request));
  CHECK(again.path == request.path);
  CHECK(again.query == request.query);
  CHECK(parse_target("GET", "/%zz%4").path == "/%zz%4");
}

TEST_CASE("events: the newest without since, the next ones with it") {
  FakeControl control;
  auto events = events_from_json(get(control, "/v1/events?limit=1").body);
  REQUIRE(events);
  CHECK(events->at(0).number == 2);
  events = events_from_json(get(control, "/v1/events?since=0&limit=1").body);
  CHECK(events->at(0) == fake_event(1, "alive → suspect"));
  CHECK(has(get(control, "/v1/events?since=2").body, "\"next\":2"));
  CHECK(get(control, "/v1/events?since=two").status == 400);
}

TEST_CASE("group orders reach the driver with their node and their time") {
  FakeControl control;
  CHECK(post(control, "/v1/groups/web/move?timeout_ms=1500", R"({"node":"b"})").status == 200);
  CHECK(post(control, "/v1/groups/web/start").status == 200);
  CHECK(post(control, "/v1/groups/web/stop").status == 200);
  CHECK(post(control, "/v1/groups/web/restart").status == 200);
  REQUIRE(control.commands.size() == 4);
  CHECK(std::get<MoveGroup>(control.commands[0]).to == NodeName("b"));
  CHECK(control.waits[0] == 1500ms);
  CHECK(std::get<StartGroup>(control.commands[1]).on.empty());
  CHECK(std::get<StopGroup>(control.commands[2]).group == GroupName("web"));
  CHECK(std::get<RestartGroup>(control.commands[3]).group == GroupName("web"));
}

TEST_CASE("an order that is not understood does nothing") {
  FakeControl control;
  CHECK(post(control, "/v1/groups/web/dance").status == 404);
  CHECK(post(control, "/v1/groups/web/move", "b").status == 400);
  CHECK(post(control, "/v1/groups/web/move", R"({"nod":"b"})").status == 400);
  CHECK(post(control, "/v1/groups/web/move", R"({"node":5})").status == 400);
  CHECK(post(control, "/v1/groups/web/stop", R"({"node":"b"})").status == 400);
  CHECK(post(control, "/v1/groups/web/stop?timeout_ms=soon").status == 400);
  CHECK(post(control, "/v1/groups/web/move", std::string(5000, ' ').c_str()).status == 400);
  CHECK(post(control, "/v1/nodes/a/explode").status == 404);
  CHECK(post(control, "/v1/nodes/b/declare-stopped", R"({"who":"eve"})").status == 400);
  CHECK(control.commands.empty());
}

TEST_CASE("how an order ended is told by code and by HTTP status") {
  FakeControl control;
  control.outcome = failure(Code::outcome_unknown, "no answer within 2 s");
  const Reply reply = post(control, "/v1/groups/web/stop");
  CHECK(reply.status == 504);
  CHECK(error_from_json(reply.body) == Error{Code::outcome_unknown, "no answer within 2 s"});
  control.outcome = failure(Code::conflict, "web is being moved");
  CHECK(post(control, "/v1/groups/web/stop").status == 409);
}

TEST_CASE("an order for a node goes to that node") {
  FakeControl here, there;
  there.report.cluster.self = NodeName("b");
  here.other = &there;
  CHECK(post(here, "/v1/nodes/b/stop").status == 200);
  CHECK(here.commands.empty());
  REQUIRE(there.commands.size() == 1);
  CHECK(std::holds_alternative<StopNode>(there.commands[0]));
  CHECK(post(here, "/v1/nodes/a/stop").status == 200);
  CHECK(here.commands.size() == 1);
  CHECK(post(here, "/v1/nodes/c/stop").status == 404);
}

TEST_CASE("a node is called back, and told what to do at its shutdown, where it is") {
  FakeControl here, there;
  there.report.cluster.self = NodeName("b");
  there.report.cluster.shutdown.policy.timeout = 45s;
  here.other = &there;
  CHECK(post(here, "/v1/nodes/b/recover").status == 200);
  CHECK(post(here, "/v1/nodes/b/shutdown-policy", R"({"groups":"stop"})").status == 200);
  CHECK(post(here, "/v1/nodes/b/shutdown-policy", R"({"timeout":"1.5s"})").status == 200);
  CHECK(post(here, "/v1/nodes/b/shutdown-policy").status == 200);
  CHECK(here.commands.empty());
  REQUIRE(there.commands.size() == 4);
  CHECK(std::holds_alternative<RecoverNode>(there.commands[0]));
  const auto policy = [&](std::size_t i) { return std::get<SetShutdownPolicy>(there.commands[i]); };
  CHECK(policy(1).policy == ShutdownConfig{ShutdownGroups::stop, 45s});
  CHECK(policy(2).policy == ShutdownConfig{ShutdownGroups::move, 1500ms});
  CHECK_FALSE(policy(3).policy);
}

TEST_CASE("a shutdown policy that cannot be is refused with the reason") {
  FakeControl control;
  const auto refused = [&](const char* body, const char* part) {
    const Reply reply = post(control, "/v1/nodes/a/shutdown-policy", body);
    return reply.status == 400 && has(error_from_json(reply.body).message, part);
  };
  CHECK(refused(R"({"groups":"leave"})", "\"leave\" is not possible here"));
  CHECK(refused(R"({"timeout":"soon"})", "\"soon\" is no duration"));
  CHECK(refused(R"({"timeout":"2h"})", "out of range. Choose 1s to 1h"));
  CHECK(refused(R"({"group":"stop"})", "no key 'group'"));
  CHECK(control.commands.empty());
}

TEST_CASE("a person's word about a silent node is given here, with name and reason") {
  FakeControl control;
  const Reply reply =
      post(control, "/v1/nodes/b/declare-stopped", R"({"who":"eve","reason":"I pulled the plug"})");
  CHECK(reply.status == 200);
  const auto& command = std::get<DeclareStopped>(control.commands.at(0));
  CHECK(command.node == NodeName("b"));
  CHECK(command.who == "eve");
  CHECK(command.reason == "I pulled the plug");
}

TEST_CASE("another node can be asked, but does not ask on") {
  FakeControl here, there;
  there.report.cluster.self = NodeName("b");
  here.other = &there;
  CHECK(version_from_json(get(here, "/v1/version?at=b").body)->node == "b");
  CHECK(version_from_json(get(here, "/v1/version?at=a").body)->node == "a");
  CHECK(get(here, "/v1/version?at=c").status == 404);
  here.other = nullptr;
  CHECK(get(here, "/v1/version?at=b").status == 503);
  const Request loop = parse_target("GET", "/v1/version?at=a");
  CHECK(version_from_json(answer(there, loop, Origin::another_node).body)->node == "b");
}

TEST_CASE("why: the records of all nodes, the last term first") {
  FakeControl here, there;
  there.report.cluster.self = NodeName("b");
  there.records = {fake_activation(8, "b", {"a", "reported", true, "it said so"}),
                   fake_activation(6, "b", {"a", "lease", true, "revoked"})};
  here.other = &there;
  auto report = why_from_json(get(here, "/v1/groups/web/why?limit=2").body);
  REQUIRE(report);
  REQUIRE(report->activations.size() == 2);
  CHECK(report->activations[0] == there.records[0]);
  CHECK(report->activations[1].term == 7);
  CHECK(report->unanswered.empty());

  here.other = nullptr;
  report = why_from_json(get(here, "/v1/groups/web/why").body);
  CHECK(report->activations.size() == 1);
  CHECK(report->unanswered == std::vector<std::string>{"b"});
  CHECK(get(here, "/v1/groups/wep/why").status == 404);
}

TEST_CASE("metrics: states, counters, escaped names") {
  auto report = fake_report();
  report.cluster.groups[0].name = GroupName("we\"b");
  const std::string text = metrics_text(report);
  CHECK(has(text, "mainstay_group_phase{group=\"we\\\"b\",state=\"running\"} 1\n"));
  CHECK(has(text, "mainstay_group_phase{group=\"we\\\"b\",state=\"stopped\"} 0\n"));
  CHECK(has(text, "mainstay_node_trust{node=\"b\",state=\"alive\"} 1\n"));
  CHECK(has(text, "mainstay_paths_heard{node=\"b\"} 2\n"));
  CHECK(has(text, "# TYPE mainstay_packets_dropped_total counter\n"));
  CHECK(has(text, "mainstay_packets_dropped_total{reason=\"replay\"} 1\n"));
}

TEST_CASE("a healthy cluster has no warnings") { CHECK(warnings_of(fake_report()).empty()); }

TEST_CASE("what needs attention is said, the worst first") {
  auto report = fake_report();
  auto& cluster = report.cluster;
  cluster.nodes[1].paths[1].heard = false;
  cluster.nodes[1].paths[1].silence = 4s;
  cluster.groups[0].phase = GroupPhase::stopped;
  cluster.groups[0].waits_for = "a clearance of b";
  cluster.monitors[0].verdict = Verdict::unknown;
  cluster.monitors[0].number = 105;
  cluster.monitors[0].why = "EC2 did not answer";
  cluster.permission.left = 100ms;
  report.daemon.troubles = {"the history was damaged"};
  cluster.start_wait = "b";
  const auto found = warnings_of(report);
  REQUIRE(found.size() == 6);
  CHECK(found[0] == Warning{Severity::error, "web", "is not running: a clearance of b"});
  CHECK(found[1].subject == "a");
  CHECK(found[2] == Warning{Severity::warning, "path backup",
                            "to b (10.9.1.10 → 10.9.2.10) is silent for 4 s"});
  CHECK(found[3].text == "has no answer (105): EC2 did not answer");
  CHECK(found[4] == Warning{Severity::warning, "a", "starts nothing yet: it waits for b"});
  CHECK(found[5].subject == "mainstayd");
}

TEST_CASE("what the doctor misses needs attention, what it could not ask does not") {
  auto report = fake_report();
  report.daemon.doctor.findings = {
      {Severity::error, "vip-route", "no route", "nobody gets there", "add it"},
      {Severity::information, "peer-port", "not asked", "", ""}};
  const auto found = warnings_of(report);
  REQUIRE(found.size() == 1);
  CHECK(found[0] == Warning{Severity::error, "vip-route", "no route. Remedy: add it"});
  report.daemon.doctor.looked = report.daemon.now;
  report.cluster.nodes[1].drained = true;
  const std::string metrics = metrics_text(report);
  CHECK(has(metrics, "mainstay_doctor_findings{severity=\"error\"} 1\n"));
  CHECK(has(metrics, "mainstay_doctor_findings{severity=\"information\"} 1\n"));
  CHECK(has(metrics, "mainstay_node_drained{node=\"b\"} 1\n"));
  CHECK(has(metrics, "mainstay_node_drained{node=\"a\"} 0\n"));
}

TEST_CASE("who is kept out, or back, is said with the way in") {
  auto report = fake_report();
  auto& cluster = report.cluster;
  cluster.nodes[0].phase = NodePhase::isolated;
  cluster.nodes[0].why = "it crashed";
  cluster.nodes[1].quarantined = true;
  cluster.groups[0].double_runs = 2;
  cluster.reboots = {3, 3};
  const auto found = warnings_of(report);
  REQUIRE(found.size() == 4);
  CHECK(found[0] == Warning{Severity::error, "a",
                            "is isolated and runs nothing: it crashed. To let it in: mainstay node "
                            "recover a"});
  CHECK(found[1].text ==
        "has shut itself down or rebooted 3 times in a row and does it no more. To count anew: "
        "mainstay node recover a");
  CHECK(found[2].text ==
        "is quarantined: it was lost too often of late. To end it: mainstay node recover b");
  CHECK(found[3].text ==
        "was active on two nodes at once, 2 times since this daemon began; see: mainstay events");
  const std::string metrics = metrics_text(report);
  CHECK(has(metrics, "mainstay_double_runs_total{group=\"web\"} 2\n"));
  CHECK(has(metrics, "mainstay_node_quarantined{node=\"b\"} 1\n"));
  CHECK(has(metrics, "mainstay_node_isolated{node=\"a\"} 1\n"));
  CHECK(has(metrics, "mainstay_reboots 3\n"));
  // What a dead node last said of itself is not so now.
  cluster.nodes[1] = fake_node("b", Trust::dead);
  cluster.nodes[1].phase = NodePhase::isolated;
  for (const auto& warning : warnings_of(report)) {
    CHECK((warning.subject != "b" || warning.text.starts_with("is dead")));
  }
}

TEST_CASE("a dead node is one warning, not one per path") {
  auto report = fake_report();
  auto& b = report.cluster.nodes[1];
  b.trust = Trust::dead;
  b.why = "silent for 1.5 s";
  for (auto& path : b.paths) path.heard = false;
  const auto found = warnings_of(report);
  REQUIRE(found.size() == 1);
  CHECK(found[0] == Warning{Severity::error, "b", "is dead: silent for 1.5 s"});
}

TEST_CASE("the pool starts threads as they are needed and does everything before it ends") {
  std::atomic<int> done = 0;
  {
    ThreadPool pool({.threads = 2, .waiting = 100});
    CHECK(pool.threads() == 0);
    for (int i = 0; i < 50; ++i) pool.add([&done] { ++done; });
    CHECK(pool.threads() <= 2);
  }
  CHECK(done == 50);
}

TEST_CASE("a pool without room refuses what need not be done") {
  std::mutex gate;
  gate.lock();
  ThreadPool pool({.threads = 1, .waiting = 1});
  std::atomic<bool> begun = false;
  pool.add([&] {
    begun = true;
    const std::lock_guard wait_here(gate);
  });
  while (!begun) std::this_thread::yield();
  CHECK(pool.try_add([] {}));
  CHECK_FALSE(pool.try_add([] {}));
  gate.unlock();
}

TEST_CASE("requests and replies survive the way to another node") {
  Request request = parse_target("POST", "/v1/groups/web/move?timeout_ms=5");
  request.body = R"({"node":"b"})";
  CHECK(decode_request(encode(request)) == request);
  const Reply reply{404, "application/json", R"({"code":"not_found"})"};
  CHECK(decode_reply(encode(reply)) == reply);
}

TEST_CASE("a damaged or oversized envelope is refused") {
  const Request request = parse_target("GET", "/v1/status?a=b");
  const Bytes whole = encode(request);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CHECK_FALSE(decode_request(ByteView(whole).first(size)));
  }
  Request wide = request;
  for (std::size_t i = 0; i <= query_parameters_max; ++i) wide.query[std::to_string(i)] = "x";
  CHECK_FALSE(decode_request(encode(wide)));
  const auto large = decode_reply(encode(Reply{.body = std::string(reply_size_max + 1, 'x')}));
  REQUIRE(large);
  CHECK(large->status == 400);
}
