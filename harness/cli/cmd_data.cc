// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <memory>

#include "compile/base/printable.h"
#include "golden/data/download.h"
#include "harness/cli/command.h"
#include "harness/report/query.h"
#include "harness/run/identity.h"

namespace assay {
namespace {

constexpr std::uint64_t kMegabyte = 1000000;

struct FetchOptions {
  std::filesystem::path to;
  std::string from;
};

struct ShowDataOptions {
  std::string path, images;
};

report::DataReport data_report(const ChosenImages& images) {
  const Dataset& set = images.set;
  std::vector<std::int64_t> class_images;
  for (const std::uint16_t label : set.labels) {
    if (label >= class_images.size()) class_images.resize(label + std::size_t{1});
    ++class_images[label];
  }
  return {data_identity(images), set.channels,   set.height, set.width,
          class_images,          set.class_names};
}

std::string data_text(const report::DataReport& report) {
  const report::Data& data = report.data;
  std::string text = fmt::format(
      "{}\n{} images from number {}, {} x {} x {} (channels, rows, columns)\nsha256 {}\n",
      data.name, grouped(data.images), data.first, report.channels, report.height, report.width,
      data.sha256);
  if (!data.labels) return text + "no labels\n";
  std::vector<std::vector<std::string>> rows = {{"class", "name", "images"}};
  const std::vector<std::string>& names = report.class_names;
  // Of very many classes those that have images.
  constexpr std::size_t kShown = 256;
  for (std::size_t i = 0; i < report.class_images.size(); ++i)
    if (report.class_images.size() <= kShown || report.class_images[i] > 0)
      rows.push_back({std::to_string(i), i < names.size() ? printable(names[i]) : "",
                      grouped(report.class_images[i])});
  return text + table_text(rows);
}

/// A summary of the images that were chosen, as JSON or text.
int show_data(const ChosenImages& images, const CommandContext& context) {
  const report::DataReport report = data_report(images);
  if (context.json) {
    print_report(context, report);
  } else {
    context.console.out << data_text(report);
  }
  return 0;
}

int fetch(const FetchOptions& options, const CommandContext& context) {
  std::filesystem::path folder;
  {
    Progress progress(context.console, "CIFAR-10, MB", 0);
    folder = fetch_cifar10(options.to, options.from, [&](std::uint64_t done, std::uint64_t total) {
      progress.set(static_cast<std::int64_t>(done / kMegabyte),
                   static_cast<std::int64_t>(total / kMegabyte));
    });
  }
  context.console.remark("checksum verified: " + folder.string());
  ChosenImages images;
  images.set = load_dataset(folder);
  return show_data(images, context);
}

int show(const ShowDataOptions& options, const CommandContext& context) {
  const ImageRange range =
      options.images.empty() ? ImageRange{} : parse_image_range(options.images);
  ChosenImages images;
  images.set = load_dataset(options.path, range);
  images.first = range.begin;
  return show_data(images, context);
}

void add_fetch(Command& data, CommandAction& action) {
  const auto options = std::make_shared<FetchOptions>();
  Command command = data.add_subcommand(
      "cifar10", "Download CIFAR-10 (170 MB), verify its checksum and unpack it");
  command.add_option("--to", options->to, "Folder that gets cifar-10-batches-bin")
      .required()
      .type_name("DIR");
  command
      .add_option("--from", options->from,
                  "A copy of cifar-10-binary.tar.gz on this machine, or an https:// address")
      .type_name("FILE|URL");
  add_examples(command,
               "  assay data cifar10 --to data\n"
               "  assay data cifar10 --from ~/Downloads/cifar-10-binary.tar.gz --to data");
  command.callback([options, &action] {
    action = [options](const CommandContext& context) { return fetch(*options, context); };
  });
}

void add_show(Command& data, CommandAction& action) {
  const auto options = std::make_shared<ShowDataOptions>();
  Command command = data.add_subcommand("show", "Show what a data set holds");
  command.add_option("PATH", options->path, "A file or a folder (docs/data.md)").required();
  command
      .add_option("--images", options->images,
                  "The first N images, or those from A up to, but not including, B")
      .type_name("N|A:B");
  add_examples(command,
               "  assay data show data/cifar-10-batches-bin\n"
               "  assay data show mnist --images 100:200 --json");
  command.callback([options, &action] {
    action = [options](const CommandContext& context) { return show(*options, context); };
  });
}

}  // namespace

void add_data_command(Command& app, CommandAction& action) {
  Command data = app.add_subcommand("data", "Download CIFAR-10, or show what a data set holds");
  data.require_subcommand(1);
  add_fetch(data, action);
  add_show(data, action);
  add_examples(data, "  assay data cifar10 --to data\n  assay data show data/cifar-10-batches-bin");
}

}  // namespace assay
