// SPDX-License-Identifier: Apache-2.0
#include "harness/query/exec.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/base/hash.h"
#include "compile/base/printable.h"
#include "compile/passes/cleanup/change_batch_size.h"
#include "compile/passes/cleanup/host_tail.h"
#include "compile/passes/cleanup/infer_data_layouts.h"
#include "golden/data/npy.h"
#include "golden/exact/tail.h"
#include "harness/check/execute.h"
#include "harness/report/output_file.h"
#include "harness/report/schema.h"
#include "harness/run/identity.h"
#include "harness/run/network.h"
#include "harness/run/origins.h"
#include "harness/run/pixel_order.h"
#include "harness/run/preprocess.h"

namespace assay {
namespace {

constexpr std::int64_t kByteMax = 255;
constexpr const char* kBytesGiven =
    "The input holds bytes, and the network gets them as they are, from 0 to 255: its input is not "
    "annotated UINT8. A network that was trained on pixels from 0 to 1 needs --preprocess "
    "totensor, or float32 of pixel / 255; stages of a run from 'preprocess' on take bytes.";

/// What one image gave.
struct ImageOutput {
  std::vector<std::vector<double>> outputs;
  std::vector<PackedInts> quantisers;  ///< in the order of the mapped checkpoints
};

/// The images of an input file, one after the other.
struct Batch {
  const Tensor* input = nullptr;
  std::string file;  ///< as messages have it
  std::int64_t images = 0;
  std::size_t image_size = 0;
  bool bytes = false;
  std::vector<float> values;
};

std::string names_of(const std::vector<std::string>& inputs) {
  std::string names;
  for (const std::string& input : inputs)
    names += fmt::format("{}'{}'", names.empty() ? "" : ", ", printable(input));
  return names;
}

/// The file of each of the network's own inputs. One that is alone need not be named.
std::vector<std::filesystem::path> input_files(const std::vector<std::string>& inputs,
                                               const std::vector<std::string>& given) {
  std::vector<std::filesystem::path> files(inputs.size());
  for (const std::string& text : given) {
    auto named = inputs.end();
    for (auto i = inputs.begin(); i != inputs.end(); ++i)
      if (text.starts_with(*i + "=") && (named == inputs.end() || i->size() > named->size()))
        named = i;
    if (named == inputs.end() && inputs.size() > 1)
      user_error(
          "'{}' does not say for which input it is; the network has {}: give each as --input "
          "NAME=X.npy",
          printable(text, 4096), names_of(inputs));
    const bool alone = named == inputs.end();
    std::filesystem::path& file =
        files[alone ? 0 : static_cast<std::size_t>(named - inputs.begin())];
    if (!file.empty())
      user_error("--input gives two files for '{}'", printable(alone ? inputs[0] : *named));
    file = alone ? text : text.substr(named->size() + 1);
  }
  for (std::size_t i = 0; i < files.size(); ++i)
    if (files[i].empty())
      user_error("no --input is for '{}'; the network has {}: give each as --input NAME=X.npy",
                 printable(inputs[i]), names_of(inputs));
  return files;
}

[[noreturn]] void array_does_not_fit(const std::string& file, const NpyArray& array,
                                     const Tensor& input) {
  user_error(
      "'{}' has shape {}, but input '{}' of the network takes {}: give any number of images, each "
      "of these axes, with the channels first or last, or as one row",
      file, shape_text(array.shape), printable(input.name), shape_text(*input.shape));
}

/// Every image in the order of the network's input.
void reorder_images(Batch& batch, const std::vector<std::size_t>& order) {
  if (order.empty()) return;
  const std::vector<float> given = batch.values;
  for (std::size_t start = 0; start < given.size(); start += order.size())
    for (std::size_t i = 0; i < order.size(); ++i)
      batch.values[start + i] = given[start + order[i]];
}

Batch read_batch(const std::filesystem::path& path, const Tensor& input) {
  if (!input.shape) user_error("the shape of input '{}' is not known", printable(input.name));
  const Shape& shape = *input.shape;
  const std::string name = printable(path.string(), 4096);
  const NpyArray array = read_npy(path);
  if (shape.empty() || array.shape.empty()) array_does_not_fit(name, array, input);
  if (array.shape[0] < 1) user_error("'{}' holds no image", name);
  const auto order = own_order(Shape(array.shape.begin() + 1, array.shape.end()), input);
  if (!order) array_does_not_fit(name, array, input);
  Batch batch{.input = &input,
              .file = name,
              .images = array.shape[0],
              .image_size = static_cast<std::size_t>(array.size() / array.shape[0]),
              .bytes = array.type == NpyType::kUint8,
              .values = as_float32(array, name)};
  if (batch.image_size == 0) user_error("'{}' holds empty images", name);
  reorder_images(batch, *order);
  return batch;
}

NpyType narrowest(std::int64_t min, std::int64_t max) {
  if (min >= INT8_MIN && max <= INT8_MAX) return NpyType::kInt8;
  if (min >= 0 && max <= UINT8_MAX) return NpyType::kUint8;
  if (min >= INT16_MIN && max <= INT16_MAX) return NpyType::kInt16;
  if (min >= INT32_MIN && max <= INT32_MAX) return NpyType::kInt32;
  return NpyType::kInt64;
}

template <typename T>
NpyArray converted(const Shape& shape, const std::vector<std::int64_t>& values) {
  std::vector<T> out(values.size());
  std::ranges::transform(values, out.begin(), [](std::int64_t v) { return static_cast<T>(v); });
  return make_npy<T>(shape, out);
}

NpyArray integer_array(const Shape& shape, const std::vector<std::int64_t>& values) {
  const auto [min, max] = std::ranges::minmax_element(values);
  switch (narrowest(*min, *max)) {
    case NpyType::kInt8:
      return converted<std::int8_t>(shape, values);
    case NpyType::kUint8:
      return converted<std::uint8_t>(shape, values);
    case NpyType::kInt16:
      return converted<std::int16_t>(shape, values);
    case NpyType::kInt32:
      return converted<std::int32_t>(shape, values);
    default:
      return converted<std::int64_t>(shape, values);
  }
}

report::Scales::Reals reals_of(const RealArray& array) {
  report::Scales::Reals reals{array.shape, {}, {}};
  for (const Real& real : array.values) {
    reals.exact.push_back(real.str());
    reals.value.push_back(real.to_double());
  }
  return reals;
}

class Execution {
 public:
  Execution(const ExecOptions& options, const Console& console)
      : options_(options),
        bytes_(read_file(options.model)),
        graph_(import_network(bytes_, options.model, console)),
        identity_(model_identity(bytes_, graph_)) {
    for (const Tensor* output : graph_.outputs()) output_names_.push_back(output->name);
    // Those that lie behind the pre-processing have names of their own.
    std::vector<std::string> inputs;
    for (const Tensor* input : graph_.inputs()) inputs.push_back(input->name);
    if (options.exact) {
      tail_ = take_off_tail(graph_, HostWork::kReals);
      check_exact_tail();
    }
    put_in_front(Preprocess(options.preprocess));
    const std::vector<std::filesystem::path> files = input_files(inputs, options.inputs);
    require_own_files(files);
    for (std::size_t i = 0; i < files.size(); ++i)
      batches_.push_back(read_batch(files[i], *graph_.inputs()[i]));
    images_ = batches_.front().images;
    for (const Batch& batch : batches_) check(batch);
    require_batch_axes();
    const bool bytes = std::ranges::any_of(batches_, &Batch::bytes);
    if (bytes && !starts_at_integers(graph_)) console.remark(kBytesGiven);
    change_batch_size(graph_, 1);
    if (!tail_.empty()) change_batch_size(tail_.graph, 1);
    for (std::size_t i = 0; i < graph_.checkpoints().size(); ++i)
      if (graph_.checkpoints()[i].has_map) mapped_.push_back(i);
    results_.resize(static_cast<std::size_t>(images_));
    if (options.exact) {
      run_exact(console);
    } else {
      run_float(console);
    }
  }

  report::Exec write() {
    report::Exec report;
    report.mode = mode();
    report.model = identity_;
    report.images = images_;
    for (std::size_t i = 0; i < output_names_.size(); ++i)
      report.outputs.push_back(write_output(i));
    if (!options_.dump.empty()) {
      write_dump();
      report.dump = options_.dump.string();
    }
    return report;
  }

 private:
  void put_in_front(const Preprocess& preprocess) {
    decide_input_layouts(graph_);
    if (options_.preprocess.kind == "none" || preprocess.is_in_front_of(graph_)) return;
    graph_ = preprocess.in_front_of(graph_);
  }

  /// Only a first axis of 1 says that all inputs are images, and none of them something that all images
  /// share.
  void require_batch_axes() const {
    if (batches_.size() == 1) return;
    for (const Batch& batch : batches_)
      if (batch.input->shape->front() != 1)
        user_error(
            "input '{}' is {}: a network of several inputs is executed where the first axis of "
            "each is 1, the batch; export it for a batch of 1",
            printable(batch.input->name), shape_text(*batch.input->shape));
  }

  /// No output lies where it cannot, or where an input does.
  void require_own_files(const std::vector<std::filesystem::path>& inputs) const {
    for (std::size_t i = 0; i < output_names_.size(); ++i) {
      const std::filesystem::path path = output_path(i);
      check_output_file(path, "--output");
      std::error_code none;
      for (const std::filesystem::path& input : inputs)
        if (std::filesystem::equivalent(input, path, none))
          user_error(
              "'{}' is an input and would be overwritten by output '{}'; choose another --output",
              printable(path.string(), 4096), printable(output_names_[i]));
    }
  }

  /// As many images as the others have; an input of integers holds no others.
  void check(const Batch& batch) const {
    if (batch.images != images_)
      user_error("'{}' holds {} images and '{}' {}", batches_.front().file, images_, batch.file,
                 batch.images);
    const Tensor& input = *batch.input;
    if (input.container == Container::kFloat32) return;
    const DataType type = container_type(input.container);
    for (const float value : batch.values)
      if (value != std::floor(value) || value < static_cast<float>(type.min()) ||
          value > static_cast<float>(type.max()))
        user_error("'{}' holds {}, which input '{}' of type {} cannot be", batch.file, value,
                   printable(input.name), container_name(input.container));
  }

  const char* mode() const { return options_.exact ? "exact" : "float"; }

  static std::span<const float> image(const Batch& batch, std::int64_t index) {
    return std::span(batch.values)
        .subspan(static_cast<std::size_t>(index) * batch.image_size, batch.image_size);
  }

  FloatImages exact_batch(const Batch& batch) const {
    if (!batch.bytes) return exact_images(batch.values, *batch.input->shape);
    FloatImages images;
    images.input = ExactInput::integers(0, kByteMax);
    for (std::int64_t i = 0; i < images_; ++i) {
      const auto pixels = image(batch, i);
      images.images.push_back({std::vector<std::int64_t>(pixels.begin(), pixels.end())});
    }
    return images;
  }

  std::unique_ptr<ExactExecutor> exact_executor(const std::vector<ExactInput>& inputs) const {
    try {
      return std::make_unique<ExactExecutor>(graph_, inputs,
                                             ExactOptions{.parallel = split_images(images_)});
    } catch (const UserError& error) {
      user_error("{}",
                 Origins(bytes_, options_.model).told(with_cause(graph_, error.what()), false));
    }
  }

  void run_exact(const Console& console) {
    std::vector<FloatImages> images;
    std::vector<ExactInput> inputs;
    for (const Batch& batch : batches_) {
      images.push_back(exact_batch(batch));
      inputs.push_back(images.back().input);
    }
    const std::unique_ptr<ExactExecutor> executor = exact_executor(inputs);
    Progress progress(console, "exact reference", images_);
    for_each_image(images_, [&](std::int64_t i) {
      ExactRequest request;
      for (const FloatImages& input : images)
        request.inputs.push_back(input.images[static_cast<std::size_t>(i)]);
      of_image(i,
               [&] { take_exact(executor->run(request), results_[static_cast<std::size_t>(i)]); });
      progress.tick();
    });
  }

  void take_exact(const ExactRun& run, ImageOutput& result) const {
    const std::vector<std::vector<double>> behind = behind_tail(run);
    for (std::size_t i = 0; i < output_names_.size(); ++i) {
      if (tail_.makes(i)) {
        result.outputs.push_back(behind[place(i)]);
        continue;
      }
      const ExactValue& value = run.outputs[place(i)];
      result.outputs.emplace_back();
      for (std::int64_t e = 0; e < value.size(); ++e)
        result.outputs.back().push_back(value.to_double(e));
    }
    std::map<const Checkpoint*, const CheckpointValue*> by_checkpoint;
    for (const CheckpointValue& value : run.checkpoints) by_checkpoint[value.checkpoint] = &value;
    for (const std::size_t place : mapped_)
      result.quantisers.emplace_back(by_checkpoint.at(&graph_.checkpoints()[place])->q);
  }

  /// Where the output `index` of the network is: among those of the tail, or of what is left.
  std::size_t place(std::size_t index) const { return tail_.empty() ? index : tail_.places[index]; }

  std::vector<std::vector<double>> behind_tail(const ExactRun& run) const {
    std::vector<ExactValue> taken;
    for (const Tensor* input : tail_.graph.inputs()) {
      const auto& outputs = graph_.outputs();
      const auto at = std::ranges::find(outputs, input->name, &Tensor::name);
      taken.push_back(run.outputs[static_cast<std::size_t>(at - outputs.begin())]);
    }
    return tail_values(tail_.graph, taken);
  }

  void check_exact_tail() const {
    try {
      check_tail(tail_.graph);
    } catch (const UserError& error) {
      user_error("{}", Origins(bytes_, options_.model).told(error.what(), false));
    }
  }

  void run_float(const Console& console) {
    const FloatExecutor executor(graph_);
    Progress progress(console, "float reference", images_);
    for_each_image(images_, [&](std::int64_t i) {
      std::vector<FloatTensor> inputs;
      for (const Batch& batch : batches_) {
        const auto values = image(batch, i);
        inputs.push_back({*batch.input->shape, {values.begin(), values.end()}});
      }
      ImageOutput& result = results_[static_cast<std::size_t>(i)];
      std::map<const Tensor*, FloatTensor> seen;
      const auto observe = [&](const Tensor& tensor, const FloatTensor& value) {
        for (const std::size_t place : mapped_)
          if (graph_.checkpoints()[place].tensor == &tensor) seen[&tensor] = value;
      };
      for (const FloatTensor& output : of_image(i, [&] { return executor.run(inputs, observe); }))
        result.outputs.emplace_back(output.data.begin(), output.data.end());
      for (const std::size_t place : mapped_) {
        const Checkpoint& checkpoint = graph_.checkpoints()[place];
        result.quantisers.emplace_back(
            checkpoint_integers(checkpoint, carried_reals(checkpoint, seen.at(checkpoint.tensor))));
      }
      progress.tick();
    });
  }

  std::filesystem::path output_path(std::size_t index) const {
    if (index == 0) return options_.output;
    const std::string name = safe_file_name(output_names_[index]);
    std::filesystem::path path = options_.output;
    return path.replace_filename(options_.output.stem().string() + "." + name + ".npy");
  }

  NpyArray output_array(std::size_t index) const {
    const Graph& graph = tail_.makes(index) ? tail_.graph : graph_;
    const Tensor& tensor = *graph.outputs()[place(index)];
    std::vector<double> all;
    for (const ImageOutput& result : results_)
      all.insert(all.end(), result.outputs.at(index).begin(), result.outputs.at(index).end());
    const Shape shape = batch_shape(*tensor.shape, images_);
    if (tensor.container != Container::kFloat32) {
      const std::vector<std::int64_t> ints(all.begin(), all.end());
      return make_npy<std::int64_t>(shape, ints);
    }
    if (options_.exact) return make_npy<double>(shape, all);
    const std::vector<float> floats(all.begin(), all.end());
    return make_npy<float>(shape, floats);
  }

  report::Exec::Output write_output(std::size_t index) const {
    const NpyArray array = output_array(index);
    const std::string encoded = encode_npy(array);
    write_file(output_path(index), encoded);
    return {output_names_[index], output_path(index).string(), array.shape,
            std::string(npy_type_name(array.type)), sha256(encoded)};
  }

  void write_dump() const {
    std::error_code error;
    std::filesystem::create_directories(options_.dump, error);
    if (error)
      tool_error("cannot make the folder '{}': {}", printable(options_.dump.string(), 4096),
                 error.message());
    report::Scales scales;
    scales.mode = mode();
    for (std::size_t i = 0; i < mapped_.size(); ++i) {
      const Checkpoint& checkpoint = graph_.checkpoints()[mapped_[i]];
      const std::string file = safe_file_name(checkpoint.name) + ".npy";
      std::vector<std::int64_t> all;
      for (const ImageOutput& result : results_) {
        const std::vector<std::int64_t> q = result.quantisers.at(i).unpacked();
        all.insert(all.end(), q.begin(), q.end());
      }
      const Shape shape = batch_shape(checkpoint.shape(), images_);
      write_file(options_.dump / file, encode_npy(integer_array(shape, all)));
      scales.checkpoints.push_back({checkpoint.name, file, checkpoint.dtype.name(), shape,
                                    reals_of(checkpoint.scale), reals_of(checkpoint.offset)});
    }
    write_file(options_.dump / "scales.json", json_text(checked_report(to_json(scales))));
  }

  const ExecOptions& options_;
  std::string bytes_;
  Graph graph_;
  std::vector<std::string> output_names_;
  HostTail tail_;  ///< exact mode: what is left of the outputs to compute
  report::Model identity_;
  std::vector<Batch> batches_;  ///< one per input
  std::int64_t images_ = 0;
  std::vector<std::size_t> mapped_;  ///< checkpoints with integers
  std::vector<ImageOutput> results_;
};

}  // namespace

report::Exec run_exec(const ExecOptions& options, const Console& console) {
  return Execution(options, console).write();
}

}  // namespace assay
