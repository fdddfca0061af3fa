// Every rule fires on a bad sample, and is silent on the good one beside it.
#include "tidy/rules.h"

#include <doctest/doctest.h>

using namespace mainstay::tidy;

namespace {

constexpr std::string_view architecture = R"(
# Map

| Folder | Is | May include | Third-party headers | Pure |
|---|---|---|---|---|
| `base` | words | — | fmt, system | |
| `cluster` | decisions | `base`, `config` | fmt | yes |
| `resources`, `monitors` | recipes | `base`, `ports` | fmt | yes |
| `adapters` | the world | `base`, `ports` | fmt, asio, system | |
| `apps` | wiring | everything | fmt | |
| `tools` | checks | — | fmt | |
| `test` | clusters | `base`, `bench` | fmt | |

| Other | Table |
)";

LayerTable table() {
  Findings findings;
  LayerTable layers = read_layers(architecture, "docs/ARCHITECTURE.md", findings);
  CHECK(findings.empty());
  return layers;
}

bool exists(std::string_view path) {
  static const std::set<std::string, std::less<>> files = {
      "src/base/time.h",    "src/ports/clock.h",   "src/cluster/node.h",
      "tools/tidy/rules.h", "bench/harness/lab.h", "docs/STYLE.md"};
  return files.contains(path);
}

Findings layers(std::string path, std::string text) {
  Findings findings;
  check_layers(Source(std::move(path), std::move(text)), table(), exists, findings);
  return findings;
}

Findings purity(std::string path, std::string text) {
  Findings findings;
  check_purity(Source(std::move(path), std::move(text)), table(), findings);
  return findings;
}

Findings run(void (*rule)(const Source&, Findings&), std::string path, std::string text) {
  Findings findings;
  rule(Source(std::move(path), std::move(text)), findings);
  return findings;
}

Findings words(std::string text) {
  Findings findings;
  check_words(Source("src/base/a.cpp", std::move(text)), "/builds/tree", findings);
  return findings;
}

Findings opening(std::string path, std::string text) {
  Findings findings;
  check_opening(Source(std::move(path), std::move(text)), exists, findings);
  return findings;
}

Findings links(std::string text) {
  Findings findings;
  check_links(Source("docs/a.md", std::move(text)), exists, findings);
  return findings;
}

Findings ratchet(std::string_view text, const std::vector<Oversize>& oversizes) {
  Findings findings;
  check_ratchet(text, "ratchet", oversizes, findings);
  return findings;
}

std::string lines(std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += "  work();\n";
  return text;
}

std::vector<std::string> names(const std::vector<Block>& blocks) {
  std::vector<std::string> result;
  for (const Block& block : blocks) result.push_back(block.name);
  return result;
}

}  // namespace

TEST_CASE("comments and literals are blanked, and everything keeps its place") {
  const std::string text = "a = \"x // y\"; // time\nb('\\'', 1'000) /* { */ R\"(})\";\n";
  const std::string code = blank_comments_and_literals(text);
  CHECK(code.size() == text.size());
  CHECK(code.find("time") == std::string::npos);
  CHECK(code.find('{') == std::string::npos);
  CHECK(code.find('}') == std::string::npos);
  CHECK(code.find("1'000") == text.find("1'000"));
  CHECK(code.find('\n') == text.find('\n'));
}

TEST_CASE("the layer table is read, with several folders in a row") {
  const LayerTable layers = table();
  CHECK(layers.layers.size() == 8);
  CHECK(layers.layers.at("cluster").pure);
  CHECK(layers.layers.at("cluster").may_include == std::set<std::string>{"base", "config"});
  CHECK(layers.layers.at("base").may_include.empty());
  CHECK(layers.layers.at("monitors").may_include.contains("ports"));
  CHECK(layers.layers.at("apps").may_include_all);
}

TEST_CASE("a missing or malformed layer table is a finding") {
  Findings findings;
  read_layers("no table here", "docs/ARCHITECTURE.md", findings);
  CHECK(findings.size() == 1);
  findings.clear();
  read_layers("| Folder | Is | May include |\n|---|\n| `base` | words |\n", "a", findings);
  CHECK(findings.size() == 2);
}

TEST_CASE("an include across a forbidden layer is found") {
  CHECK(layers("src/cluster/a.cpp", "#include \"base/time.h\"\n").empty());
  const Findings found = layers("src/cluster/a.cpp", "// x\n#include \"ports/clock.h\"\n");
  REQUIRE(found.size() == 1);
  CHECK(found[0].line == 2);
  CHECK(layers("src/resources/a.cpp", "#include \"cluster/node.h\"\n").size() == 1);
  CHECK(layers("src/apps/a.cpp", "#include \"cluster/node.h\"\n").empty());
}

TEST_CASE("an include in a comment does not count") {
  CHECK(layers("src/cluster/a.cpp", "// #include \"ports/clock.h\"\n").empty());
}

TEST_CASE("a folder that is not in the table is found") {
  CHECK(layers("src/elsewhere/a.cpp", "").size() == 1);
}

TEST_CASE("an include that is not relative to src is found") {
  CHECK(layers("src/cluster/a.cpp", "#include \"node.h\"\n").size() == 1);
  CHECK(layers("src/cluster/a.cpp", "#include \"../base/time.h\"\n").size() == 1);
  CHECK(layers("tools/a.cpp", "#include \"tidy/rules.h\"\n").empty());
  CHECK(layers("tools/a.cpp", "#include \"harness/lab.h\"\n").size() == 1);
  CHECK(layers("test/a.cpp", "#include \"harness/lab.h\"\n").empty());
}

TEST_CASE("a library or system header is allowed only where the table says so") {
  CHECK(layers("src/cluster/a.cpp", "#include <vector>\n#include <fmt/format.h>\n").empty());
  CHECK(layers("src/cluster/a.cpp", "#include <sys/socket.h>\n").size() == 1);
  CHECK(layers("src/cluster/a.cpp", "#include <boost/asio/ip/udp.hpp>\n").size() == 1);
  CHECK(layers("src/adapters/a.cpp", "#include <boost/asio/ip/udp.hpp>\n").empty());
  CHECK(layers("src/cluster/a.cpp", "#include <doctest/doctest.h>\n").size() == 1);
  CHECK(layers("src/cluster/a_test.cpp", "#include <doctest/doctest.h>\n").empty());
  CHECK(layers("src/cluster/testing.h", "#include <doctest/doctest.h>\n").empty());
}

TEST_CASE("a header that names what it does not reach is found") {
  StandardHeaders headers;
  headers.add(Source("src/base/text.h", "#include <string>\nstd::string text();\n"));
  headers.add(Source("src/base/reaches.h", "#include \"base/text.h\"\nstd::string more();\n"));
  headers.add(Source("src/base/pairs.h", "#include <map>\nstd::pair<int, int> two();\n"));
  headers.add(Source("src/base/says.h", "// std::vector\nconst char* a = \"std::map\";\n"));
  Findings findings;
  headers.check(findings);
  CHECK(findings.empty());
  headers.add(Source("src/base/lacks.h", "#include \"base/text.h\"\n\nstd::vector<int> more();\n"));
  headers.add(Source("src/base/formats.h", "inline auto f() { return fmt::format(\"\"); }\n"));
  headers.check(findings);
  REQUIRE(findings.size() == 2);
  CHECK(findings[0].path == "src/base/formats.h");
  CHECK(findings[1] == Finding{"src/base/lacks.h", 3, "std::vector needs <vector>"});
}

TEST_CASE("a precompiled header without a row of names is found") {
  Findings findings;
  check_precompiled(Source("cmake/pch.h", "#include <vector>\n#include <fmt/core.h>\n"), findings);
  CHECK(findings.empty());
  check_precompiled(Source("cmake/pch.h", "#include <vector>\n#include <regex>\n"), findings);
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].line == 2);
}

TEST_CASE("a header that drags in a slow one serves its own folder only") {
  HeavyHeaders heavy;
  heavy.add(Source("src/adapters/linux/loop.h", "#include <boost/asio/io_context.hpp>\n"));
  heavy.add(Source("src/adapters/linux/socket.h", "#include \"adapters/linux/loop.h\"\n"));
  heavy.add(Source("src/adapters/linux/light.h", "#include <vector>\n"));
  heavy.add(Source("src/adapters/linux/a.cpp", "#include \"adapters/linux/socket.h\"\n"));
  Findings findings;
  heavy.check(findings);
  CHECK(findings.empty());
  heavy.add(Source("src/apps/b.cpp", "#include \"adapters/linux/light.h\"\n"));
  heavy.add(Source("src/apps/c.cpp", "// x\n#include \"adapters/linux/socket.h\"\n"));
  heavy.check(findings);
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].path == "src/apps/c.cpp");
  CHECK(findings[0].line == 2);
}

TEST_CASE("functions are found by their braces, whatever surrounds them") {
  const Source source("a.cpp", R"(
namespace a::b {
template <class T>
class Foo : public Bar {
 public:
  explicit Foo(int x) : x_(x), y_{1, 2} {}
  int get() const noexcept { return x_; }
  auto other() -> std::vector<int> {
    if (x_) { loop(); }
    return {};
  }
 private:
  int x_ = 0;
  std::vector<int> y_{};
};
const Table table = {{1, f(2)}, {3, g(4)}};
TEST_CASE("a name") { check(); }
enum class Color { red, green };
Foo::~Foo() {}
}
)");
  CHECK(names(functions_of(source)) ==
        std::vector<std::string>{"Foo", "get", "other", "TEST_CASE", "Foo::~Foo"});
}

TEST_CASE("a function is counted from its first line to its closing brace") {
  const auto found = functions_of(Source("a.cpp", "int f(int a,\n      int b) {\n  g();\n}\n"));
  REQUIRE(found.size() == 1);
  CHECK(found[0].first_line == 1);
  CHECK(found[0].size() == 4);
}

TEST_CASE("braces in macros and directives do not disturb the count") {
  const auto found = functions_of(Source("a.cpp",
                                         "#define OPEN \\\n  {\n#include \"a.h\"\n"
                                         "int f() {\n#ifdef A\n  g();\n#endif\n}\nint h() {}\n"));
  CHECK(names(found) == std::vector<std::string>{"f", "h"});
}

TEST_CASE("a function of 70 lines may stand, one of 71 may not") {
  CHECK(oversized(Source("a.cpp", "void f() {\n" + lines(68) + "}\n")).empty());
  const auto found = oversized(Source("a.cpp", "\nvoid f() {\n" + lines(69) + "}\n"));
  REQUIRE(found.size() == 1);
  CHECK(found[0].name == "f");
  CHECK(found[0].lines == 71);
  CHECK(found[0].line == 2);
}

TEST_CASE("a file of 800 lines may stand, one of 801 may not") {
  CHECK(oversized(Source("a.cpp", lines(800))).empty());
  CHECK(oversized(Source("a.cpp", lines(801))).size() == 1);
}

TEST_CASE("the ratchet tolerates what stands in it, exactly") {
  const std::vector<Oversize> oversizes = {{"a.cpp", "f", 83, 12}};
  CHECK(ratchet("# why\na.cpp f 83\n", oversizes).empty());
  CHECK(ratchet("", oversizes).size() == 1);
}

TEST_CASE("what grew beyond its ratchet line is found") {
  CHECK(ratchet("a.cpp f 82\n", {{"a.cpp", "f", 83, 12}}).size() == 1);
}

TEST_CASE("a ratchet line that is too generous or no longer needed is found") {
  CHECK(ratchet("a.cpp f 90\n", {{"a.cpp", "f", 83, 12}}).size() == 2);
  CHECK(ratchet("a.cpp f 83\n", {}).size() == 1);
  CHECK(ratchet("nonsense\n", {}).size() == 1);
}

TEST_CASE("a line of 100 columns may stand, one of 101 may not") {
  CHECK(run(check_columns, "a.cpp", "f(" + std::string(98, 'x') + "\n").empty());
  CHECK(run(check_columns, "a.cpp", std::string(101, 'x') + "\n").size() == 1);
  std::string umlauts;
  for (int i = 0; i < 100; ++i) umlauts += "ä";
  CHECK(run(check_columns, "a.cpp", umlauts).empty());
  CHECK(run(check_columns, "a.cpp", "// " + std::string(100, 'x') + "\n").size() == 1);
  CHECK(run(check_columns, "a.cpp", "x = R\"(\n" + std::string(120, 'x') + "\n)\";\n").empty());
}

TEST_CASE("clocks, chance, threads, unordered containers and I/O are found in pure folders") {
  for (const std::string_view bad :
       {"std::chrono::steady_clock::now();", "auto t = std::chrono::system_clock::now();",
        "auto t = std::time(nullptr);", "auto t = time(0);", "clock_gettime(1, &t);",
        "std::random_device device;", "int x = rand();", "std::thread t(f);", "std::mutex lock;",
        "std::unordered_map<int, int> m;", "std::unordered_set<int> s;", "static int calls = 0;",
        "  static std::string last;", "thread_local int x;", "std::ofstream out;",
        "std::atomic<int> n;", "co_await later();", "inline static int counter{0};"}) {
    CAPTURE(bad);
    CHECK(purity("src/cluster/a.cpp", std::string(bad)).size() == 1);
  }
}

TEST_CASE("what only looks like a clock, chance or state is left alone") {
  for (const std::string_view good :
       {"// the steady_clock is not for us", "const char* t = \"steady_clock\";",
        "static constexpr int max = 3;", "static const std::regex pattern(x);",
        "static int helper(int x);", "step(state, event, now);", "event.time(0);", "operand(x);",
        "  static Instant parse(std::string_view text) {", "WallTime time;"}) {
    CAPTURE(good);
    CHECK(purity("src/cluster/a.cpp", std::string(good)).empty());
  }
}

TEST_CASE("the rules of pure folders hold only there") {
  CHECK(purity("src/adapters/a.cpp", "std::thread t(f);").empty());
  CHECK(purity("src/resources/a.cpp", "co_await sleep_until(clock, when);").empty());
  CHECK(purity("src/resources/a.cpp", "std::thread t(f);").size() == 1);
}

TEST_CASE("tests of pure folders may read and rewrite their expectations, but ask no clock") {
  CHECK(purity("src/cluster/a_test.cpp", "std::ifstream in; getenv(x);").empty());
  CHECK(purity("src/cluster/testing.h", "getenv(x);").empty());
  CHECK(purity("src/cluster/testing_more.cpp", "getenv(x);").empty());
  CHECK_FALSE(purity("src/cluster/contest.cpp", "getenv(x);").empty());
  CHECK(purity("src/cluster/a_test.cpp", "steady_clock::now();").size() == 1);
}

TEST_CASE("a unit test that sleeps or asks the real clock is found") {
  Findings findings;
  const std::string text = "std::this_thread::sleep_for(1s);";
  check_test_clocks(Source("src/apps/a_test.cpp", text), table(), findings);
  CHECK(findings.size() == 1);
  findings.clear();
  check_test_clocks(Source("src/adapters/a_test.cpp", text), table(), findings);
  CHECK(findings.empty());
}

TEST_CASE("unfinished marks are found, also in comments") {
  CHECK(words("// TO"
              "DO: later\n")
            .size() == 1);
  CHECK(words("// FIX"
              "ME\n")
            .size() == 1);
  CHECK(words("// XX"
              "X\n")
            .size() == 1);
  CHECK(words("auto TO"
              "DOs = 3;\n")
            .empty());
}

TEST_CASE("paths of one machine are found") {
  CHECK(words("open(\"/ho"
              "me/somebody/x\");\n")
            .size() == 1);
  CHECK(words("open(\"/builds/tree/src/x\");\n").size() == 1);
  CHECK(words("open(\"/etc/mainstay/cluster.toml\");\n").empty());
  CHECK(words("open(\"data/ho"
              "me/x\");\n")
            .empty());
}

TEST_CASE("code that was commented out is found, prose is not") {
  for (const std::string_view bad :
       {"// call(x, y);", "  // auto x = f(y);", "// state.value = 3;", "// return false;",
        "// if (x) {", "// }", "// #include <vector>", "// std::string name(text);"}) {
    CAPTURE(bad);
    CHECK(run(check_commented_out_code, "a.cpp", std::string(bad)).size() == 1);
  }
  for (const std::string_view good :
       {"// The caller owns it (see call.h);", "// Return early; parents branch.", "// a, b; c = d",
        "// if it fails, try again", "// 0: there is none;", "// return is too late; act before"}) {
    CAPTURE(good);
    CHECK(run(check_commented_out_code, "a.cpp", std::string(good)).empty());
  }
}

TEST_CASE("a file that does not open with what it is for is found") {
  CHECK(opening("a.cpp", "// Says what it is for.\n").empty());
  CHECK(opening("a.cpp", "#include <vector>\n").size() == 1);
  CHECK(opening("a.cpp", "").size() == 1);
  CHECK(opening("src/base/a.cpp", "#include \"base/a.h\"\n").empty());
  CHECK(opening("src/base/time_test.cpp", "#include <doctest/doctest.h>\n").empty());
  CHECK(opening("src/base/other_test.cpp", "#include <doctest/doctest.h>\n").size() == 1);
  CHECK(opening("src/base/a.cpp", "#include \"base/b.h\"\n").size() == 1);
}

TEST_CASE("a header without pragma once is found") {
  CHECK(opening("a.h", "// Says what it is for.\n#pragma once\n").empty());
  CHECK(opening("a.h", "// Says what it is for.\n").size() == 1);
}

TEST_CASE("test cases outside a test file, and a test file without any, are found") {
  CHECK(run(check_test_name, "src/base/a.cpp", "TEST_CASE(\"x\") {}\n").size() == 1);
  CHECK(run(check_test_name, "src/base/a_test.cpp", "void f();\n").size() == 1);
  CHECK(run(check_test_name, "src/base/a_test.cpp", "TEST_CASE(\"x\") {}\n").empty());
}

TEST_CASE("a coroutine lambda with captures is found") {
  CHECK(run(check_coroutine_lambdas, "a.cpp", "auto f = [x]() -> Task<int> { co_return x; };")
            .size() == 1);
  CHECK(run(check_coroutine_lambdas, "a.cpp", "return [&] { co_await later(); };").size() == 1);
  CHECK(run(check_coroutine_lambdas, "a.cpp", "auto f = []() -> Task<int> { co_return 1; };")
            .empty());
  CHECK(run(check_coroutine_lambdas, "a.cpp", "auto f = [x] { return x; };").empty());
  CHECK(run(check_coroutine_lambdas, "a.cpp", "a[i] = 1; void f() { co_return; }").empty());
  CHECK(run(check_coroutine_lambdas, "a.cpp", "for (auto& [a, b] : c) { co_await a; }").empty());
  CHECK(run(check_coroutine_lambdas, "a.cpp", "Task<void> f(int (&x)[3]) { co_return; }").empty());
}

TEST_CASE("a link or a file name that leads nowhere is found") {
  CHECK(links("see [style](STYLE.md#names) and [site](https://example.com)\n").empty());
  CHECK(links("see [style](../docs/STYLE.md)\n").empty());
  CHECK(links("see [style](MISSING.md)\n").size() == 1);
  CHECK(links("look at `src/base/time.h`\n").empty());
  CHECK(links("look at `src/base/gone.h`\n").size() == 1);
  CHECK(links("one `src/resources/<type>.cpp` each, `src/base/*.h`\n").empty());
}
