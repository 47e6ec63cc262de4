// SPDX-License-Identifier: Apache-2.0
// reports/report.html, opened in headless Chromium where it is installed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "base/temp_dir.h"
#include "compile/base/file.h"
#include "compile/base/process.h"
#include "harness/integer_network.h"
#include "harness/page/page.h"
#include "harness/page/page_data.h"
#include "harness/page/page_graph.h"
#include "harness/report/console.h"
#include "harness/run_command.h"

namespace assay {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kHostile =
    "</script><script>document.title='owned'</script><img src=x onerror=alert(1)>\"'&<!--";

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t result = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
    ++result;
  return result;
}

/// What lies between an opening and the next "<" behind it.
std::string text_after(const std::string& html, const std::string& opening) {
  const std::size_t at = html.find(opening);
  if (at == std::string::npos) return "(absent)";
  const std::size_t from = html.find('>', at + opening.size()) + 1;
  return html.substr(from, html.find('<', from) - from);
}

class Page : public ::testing::Test {
 protected:
  /// The page's elements as its scripts leave them, and what the browser's console said.
  struct Shown {
    std::string dom, console;
  };
  static fs::path browser() {
    for (const char* path : {"/usr/bin/chromium", "/usr/bin/chromium-browser"})
      if (fs::exists(path)) return path;
    return {};
  }
  Shown open(const std::string& html) const {
    write_file(dir.path() / "page.html", html);
    // Its output is longer than what is kept of a program's.
    const std::string command =
        "exec timeout 100 " + browser().string() +
        " --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --enable-logging=stderr "
        "--user-data-dir=profile --virtual-time-budget=5000 --window-size=1280,900 --dump-dom "
        "page.html > dom.html 2> log.txt";
    const ProcessResult result =
        run_process({"/bin/sh", "-c", command}, dir.path(), std::chrono::seconds(120));
    EXPECT_EQ(result.exit_code, 0) << read_file(dir.path() / "log.txt");
    Shown shown{read_file(dir.path() / "dom.html"), ""};
    std::istringstream log(read_file(dir.path() / "log.txt"));
    for (std::string line; std::getline(log, line);)
      if (line.find("CONSOLE") != std::string::npos) shown.console += line + "\n";
    // The script's own text and data say nothing about what it made.
    shown.dom.erase(shown.dom.find("<script"));
    return shown;
  }
  void run(const fs::path& model) const {
    const CommandResult result = run_assay(
        {"run", model.string(), "--images", "5", "--target-cycles", "512", "--out", out.string()});
    ASSERT_EQ(result.code, 0) << result.err;
  }
  std::string page() const { return read_file(out / kPageFile); }

  TempDir dir;
  fs::path out = dir.path() / "out";
};

TEST_F(Page, ShowsWhatTheReportsSay) {
  if (browser().empty()) GTEST_SKIP() << "Chromium is not installed";
  run(save_integer_network(dir.path() / "net.onnx"));
  const Json run = Json::parse(read_file(out / "reports/run.json")), data = page_data(out);
  const Shown shown = open(page());
  EXPECT_EQ(shown.console, "");
  EXPECT_EQ(text_after(shown.dom, "<span id=\"verdict\""), "EQUIVALENT");
  EXPECT_EQ(count(shown.dom, "<tr class=\"pick"), run["stages"].size());
  EXPECT_EQ(count(shown.dom, "data-kind=\"exact\""), run["stages"].size());
  EXPECT_EQ(count(shown.dom, "data-kind=\"float\""), 1U);
  // The last stage's graph, with its ends, and a bar for each hardware layer.
  const Json& graph = data["stages"].back()["graph"];
  EXPECT_GT(graph["nodes"].size(), 8U);
  EXPECT_EQ(count(shown.dom, "<g class=\"node"), graph["nodes"].size() + 2);
  std::size_t reads = graph["outputs"].size();
  for (const Json& node : graph["nodes"]) reads += node[2].size();
  EXPECT_EQ(count(shown.dom, "class=\"edge"), reads);
  EXPECT_EQ(text_after(shown.dom, "<span id=\"nodes\""),
            std::to_string(graph["nodes"].size()) + " nodes");
  EXPECT_EQ(count(shown.dom, "<div class=\"what name\""),
            data["layers"].size() + data["fifos"].size());
  std::int64_t slowest = 0, compared = 0;
  for (const Json& layer : data["layers"])
    slowest = std::max(slowest, layer["cycles"].get<std::int64_t>());
  for (const Json& stage : run["stages"]) compared += stage["compared"].get<std::int64_t>();
  EXPECT_EQ(text_after(shown.dom, "<dt>Slowest layer</dt><dd"), grouped(slowest));
  EXPECT_EQ(text_after(shown.dom, "<dt>Compared</dt><dd"), grouped(compared));
  EXPECT_THAT(shown.dom, HasSubstr("reports/rtl-top.json: not made yet"));
  EXPECT_EQ(count(shown.dom, "data-warning"), run["warnings"].size());
  for (const Json& line : run["unseen"])
    EXPECT_THAT(shown.dom, HasSubstr("<li>" + line.get<std::string>() + "</li>"));
}

TEST_F(Page, ShowsWhatTheNodesInputsCouldTell) {
  if (browser().empty()) GTEST_SKIP() << "Chromium is not installed";
  run(save_integer_network(dir.path() / "net.onnx"));
  Json data = page_data(out);
  EXPECT_THAT(open(page_html(data)).dom, Not(HasSubstr("data-coverage")));
  const auto count_of = [](int all, int unreachable, int seen) {
    return Json{{"all", all}, {"unreachable", unreachable}, {"seen", seen}};
  };
  const auto coverage = [&](int thresholds, int bits) {
    return Json{{"thresholds", count_of(1300, 60, thresholds)},
                {"weight_bits", count_of(48, 0, bits)},
                {"sum_bits", count_of(0, 0, 0)},
                {"rows", count_of(9, 1, 8)}};
  };
  Json node = {{"node", kHostile},
               {"directed_frames", 5},
               {"coverage_of_images", coverage(700, 31)},
               {"coverage", coverage(1240, 47)}};
  Json other = node;
  other["node"] = "other";
  Json nothing = node;
  for (const char* which : {"coverage_of_images", "coverage"})
    for (auto& [key, value] : nothing[which].items()) value = count_of(0, 0, 0);
  data["rtl_node"] = {
      {"verdict", "EQUIVALENT"}, {"compared", 2}, {"differing", 0},
      {"predicted", 2},          {"nodes", 3},    {"coverage", {node, other, nothing}}};
  const Shown shown = open(page_html(data));
  EXPECT_EQ(shown.console, "");
  EXPECT_EQ(count(shown.dom, "data-coverage"), 3U);  // two nodes and their sum
  EXPECT_EQ(count(shown.dom, "<td class=\"n\">1,240 of 1,240<"), 2U);
  EXPECT_EQ(count(shown.dom, "> 700 by images, 60 unreachable<"), 2U);
  EXPECT_EQ(count(shown.dom, "<td class=\"n bad\">47 of 48<"), 2U);
  EXPECT_EQ(count(shown.dom, "<td class=\"n\">2,480 of 2,480<"), 1U);
  EXPECT_EQ(count(shown.dom, "<td class=\"n bad\">94 of 96<"), 1U);
  EXPECT_EQ(count(shown.dom, "> 62 by images<"), 1U);
  EXPECT_THAT(shown.dom, Not(HasSubstr("<img")));
}

TEST_F(Page, ShowsStreamsFifosAndDifferences) {
  if (browser().empty()) GTEST_SKIP() << "Chromium is not installed";
  run(save_integer_network(dir.path() / "net.onnx"));
  Json data = page_data(out);
  const auto stream = [](const Json& writer, int stalls) {
    return Json{{"name", "s"},    {"writer", writer}, {"reader", "b"}, {"compared", 4321},
                {"differing", 0}, {"stalls", stalls}, {"starves", 3}};
  };
  data["rtl_top"] = {{"verdict", "EQUIVALENT"},
                     {"partitions",
                      {{{"partition", 0},
                        {"first_frame_latency", 7777},
                        {"interval", 1024},
                        {"clock_mhz", 100},
                        {"frames_per_second", 97656.25},
                        {"streams", {stream(nullptr, 17), stream("a", 0)}},
                        {"fifos", {{{"name", kHostile}, {"depth", 32}, {"high_water", 21}}}}}}}};
  data["fifos"] = {{{"name", kHostile},
                    {"depth", 32},
                    {"bits", 8},
                    {"memory", "distributed"},
                    {"high_water", 20},
                    {"smaller", {{"depth", 31}, {"interval", nullptr}, {"stalls_stop", true}}}}};
  const Json estimates = {{"lut", 1234}, {"dsp", 5}};
  data["folding"] = {{"goal", {{"target_cycles", 999}}},
                     {"efficiency", 0.5},
                     {"estimates", estimates},
                     {"device", nullptr},
                     {"nodes",
                      {{{"node", "mvau"},
                        {"folding", {{"PE", 4}}},
                        {"efficiency", 0.875},
                        {"estimates", estimates}}}}};
  data["verdict"] = "DIFFERENT";
  data["layers"][0]["measured"] = 1;
  data["stages"][1]["verdict"] = "DIFFERENT";
  data["stages"][1]["first_difference"] = {
      {"checkpoint", kHostile}, {"node", "n"},     {"image", 3},
      {"element", 0},           {"channel", 2},    {"row", nullptr},
      {"column", nullptr},      {"expected", "5"}, {"got", "6"}};
  const Shown shown = open(page_html(data));
  EXPECT_EQ(shown.console, "");
  EXPECT_EQ(text_after(shown.dom, "class=\"verdict bad\""), "DIFFERENT");
  EXPECT_EQ(text_after(shown.dom, "<dt>Interval</dt><dd"), "1,024");
  EXPECT_EQ(text_after(shown.dom, "<dt>Latency</dt><dd"), "7,777");
  EXPECT_EQ(text_after(shown.dom, "<dt>Throughput</dt><dd"), "97,656");
  EXPECT_EQ(count(shown.dom, "data-stream="), 2U);
  EXPECT_THAT(shown.dom, HasSubstr(">input → b<"));
  EXPECT_THAT(shown.dom, HasSubstr(">21 of 32<"));
  EXPECT_EQ(count(shown.dom, "data-folding="), 2U);
  EXPECT_THAT(shown.dom, HasSubstr(">87.5 %<"));
  EXPECT_THAT(shown.dom, HasSubstr(">target 999<"));
  EXPECT_THAT(shown.dom, HasSubstr("1 of 1 measured otherwise"));
  EXPECT_THAT(shown.dom, HasSubstr("image 3, channel 2: expected 5, got 6"));
  EXPECT_THAT(shown.dom, HasSubstr("&lt;/script&gt;&lt;script&gt;document.title="));
  EXPECT_THAT(shown.dom, Not(HasSubstr("<img")));
  EXPECT_THAT(shown.dom, Not(HasSubstr("<title>owned")));
}

TEST_F(Page, IsNotMovedByHostileNamesInAModel) {
  Graph graph = integer_network();
  graph.name = kHostile;
  for (const auto& node : graph.nodes()) node->name += kHostile;
  const fs::path model = dir.path() / "net<b>&.onnx";
  export_model(graph, model);
  run(model);
  const std::string html = page();
  // Nothing but the page's own markup: two scripts, and no text of the model outside the data.
  EXPECT_EQ(count(html, "<script"), 2U);
  EXPECT_EQ(count(html, "</script"), 2U);
  EXPECT_EQ(count(html, "<img"), 0U);
  if (browser().empty()) GTEST_SKIP() << "Chromium is not installed";
  const Shown shown = open(html);
  EXPECT_EQ(shown.console, "");
  EXPECT_THAT(shown.dom, HasSubstr("net&lt;b&gt;&amp;.onnx"));  // as text
  EXPECT_THAT(shown.dom, Not(HasSubstr("<img")));
}

TEST_F(Page, TheTestWouldSeeAnErrorAndAForeignScript) {
  if (browser().empty()) GTEST_SKIP() << "Chromium is not installed";
  run(save_integer_network(dir.path() / "net.onnx"));
  Json data = page_data(out);
  data.erase("reason");
  EXPECT_THAT(open(page_html(data)).console, HasSubstr("TypeError"));
  // The policy stops a script that is not the page's, were one to get in.
  std::string html = page();
  html.insert(html.find("</body>"), "<script>document.body.textContent = 'owned'</script>");
  const Shown shown = open(html);
  EXPECT_THAT(shown.console, HasSubstr("Content Security Policy"));
  EXPECT_THAT(shown.dom, Not(HasSubstr("owned")));
}

TEST_F(Page, LoadsNothingAndHasEqualBytesInEqualRuns) {
  run(save_integer_network(dir.path() / "net.onnx"));
  const std::string first = page();
  EXPECT_THAT(first, Not(HasSubstr("src=")));
  EXPECT_THAT(first, Not(HasSubstr("href")));
  EXPECT_THAT(first, Not(HasSubstr("url(")));
  EXPECT_THAT(first, HasSubstr("default-src 'none'"));
  fs::remove_all(out);
  run(dir.path() / "net.onnx");
  EXPECT_EQ(page(), first);
}

TEST_F(Page, SaysWhatWasChangedOrBelongsToAnotherRun) {
  run(save_integer_network(dir.path() / "net.onnx"));
  write_file(out / "stages/02_cleanup.onnx", "changed");
  write_file(out / "reports/rtl-node.json", "{\"schema\": \"assay.rtl-node/1\"}");
  const Json data = page_data(out);
  EXPECT_TRUE(data["stages"][1]["graph"].is_null());
  EXPECT_THAT(data["stages"][1]["graph_note"].get<std::string>(), HasSubstr("was changed"));
  EXPECT_TRUE(data["rtl_node"].is_null());
  EXPECT_EQ(data["missing"][0]["why"], "damaged, or of another version");
}

TEST(PageGraph, DoesNotDrawWhatIsTooLarge) {
  Graph graph;
  Tensor* x = graph.add_input("x", {1});
  EXPECT_EQ(page_graph(graph)["nodes"].size(), 0U);
  for (std::size_t i = 0; i <= kMaxPageNodes; ++i)
    x = graph.add(std::make_unique<ops::Flatten>(), {x}, "n");
  EXPECT_TRUE(page_graph(graph).is_null());
}

}  // namespace
}  // namespace assay
