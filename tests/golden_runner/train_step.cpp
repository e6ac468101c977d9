#include <torch/types.h>

#include <cmath>
#include <set>

#include "checkpoints/tf_names.h"
#include "core/error.h"
#include "golden_runner/kinds.h"
#include "golden_runner/model_setup.h"
#include "golden_runner/recorded_noise.h"
#include "golden_runner/sensitivity.h"
#include "golden_runner/tolerances.h"
#include "losses/terms.h"
#include "training/starting_point.h"
#include "training/trainer.h"

namespace savp::golden {
namespace {

// Whether a case must give it a value; the others start as a new optimizer has them.
bool is_model_variable(const std::string& name) {
  return (name.starts_with("generator/") || name.starts_with("discriminator/")) && !tf_names::is_slot(name);
}

Tensor norm_of(const Tensor& value) { return value.to(torch::kDouble).norm(); }

// A trainer's step with the recorded draws, compared with all that the case knows of it.
class TrainStep {
 public:
  TrainStep(const Case& recorded, Comparison& comparison)
      : case_(recorded),
        comparison_(comparison),
        tolerances_(recorded),
        setup_(set_up_model(recorded)),
        batch_(batch_of(recorded)),
        noise_(std::make_shared<RecordedNoise>(recorded)),
        trainer_(*setup_.entry, dynamic_cast<const TrainHparams&>(*setup_.hparams), setup_.shape,
                 {.device = device(), .seed = 0}) {
    if (case_.json().value("checkpoint", Json()).is_string())
      restore_checkpoint();
    else
      load_case();
    trainer_.set_noise(noise_);
  }

  void run() {
    for (int64_t step = 0; step < case_.steps(); ++step) {
      noise_->set_step(step);
      const auto report = trainer_.step(batch_, {.report = true, .outputs = step == 0});
      compare_losses(report, step);
      if (step > 0) continue;
      compare_outputs_of(report);
      compare_gradients();
    }
    compare_after();
  }

 private:
  void load_case() {
    load_variables(trainer_.state(), case_, is_model_variable, comparison_);
    trainer_.set_global_step(case_.json()["global_step"].get<int64_t>());
  }

  // The case's variables, as a checkpoint of TensorFlow.
  void restore_checkpoint() {
    resume(trainer_, VariableSource::open(Checkpoint::open(case_.folder() + "/checkpoint_dir")));
    comparison_.equal("global_step", trainer_.global_step(), case_.json()["global_step"]);
    for (const auto& [name, value] : variables())
      if (const auto key = "vars/" + name; case_.has(key))
        comparison_.compare(key, value, case_.tensor(key), 0);
  }

  void compare_outputs_of(const StepReport& report) {
    auto outputs = outputs_of(report.output);
    for (auto& metric : metrics_of(case_, report.output.prior.images)) outputs.push_back(std::move(metric));
    for (const auto& [name, value] : report.discriminator_outputs)
      outputs.emplace_back(name, verdict_to_case(name, value, batch_.batch_size()));
    outputs.emplace_back("learning_rate", report.learning_rate);
    outputs.emplace_back("kl_weight", report.kl_weight);
    compare_outputs(case_, outputs, comparison_, [](const std::string&) { return false; });
  }

  void compare_losses(const StepReport& report, int64_t step) {
    std::set<std::string> known;
    const auto compare = [&](const std::string& name, const Tensor& value) {
      const auto key = concat("losses/", name, step_suffix(step));
      known.insert(name);
      if (!case_.has(key)) return comparison_.problem(key + " is not in the case");
      comparison_.compare(key, value, case_.tensor(key), tolerances_.loss(case_.scalar(key)));
    };
    for (const auto& [name, value] : report.d_losses) compare("d/" + name, value);
    for (const auto& [name, value] : report.g_losses) compare("g/" + name, value);
    for (const auto& [name, value] : report.g_losses_post) compare("g_post/" + name, value);
    for (const auto& [name, total] :
         {std::pair("d_loss", report.d_loss), {"g_loss", report.g_loss}, {"g_loss_post", report.g_loss_post}})
      compare(name, total.defined() ? total : torch::zeros({}));  // a sum of no terms
    for (const auto& name : case_.names("losses", step))
      if (!known.contains(name) && !name.starts_with("weights/"))
        comparison_.problem("losses/" + name + " is missing");

    compare_weights(report, step);
    for (const auto& [name, value] :
         {std::pair("learning_rate", report.learning_rate), {"kl_weight", report.kl_weight}})
      if (const auto key = concat("outputs/", name, step_suffix(step)); step > 0 && case_.has(key))
        comparison_.compare(key, value, case_.tensor(key), tolerances_.loss(case_.scalar(key)));
  }

  void compare_weights(const StepReport& report, int64_t step) {
    auto terms = discriminator_terms(trainer_.hparams());
    for (auto& term : generator_terms(trainer_.hparams())) terms.push_back(std::move(term));
    for (const auto& term : terms) {
      const auto key = concat("losses/weights/", term.name, step_suffix(step));
      if (!case_.has(key)) return comparison_.problem(key + " is not in the case");
      const auto weight = term.annealed ? report.kl_weight : torch::tensor(term.weight);
      comparison_.compare(key, weight, case_.tensor(key), tolerances_.loss(case_.scalar(key)));
    }
  }

  // In TensorFlow's layout and under its names.
  NamedState variables() {
    NamedState out;
    for (const auto& [our_name, tensor] : trainer_.state()) {
      const auto name = tf_names::from_ours(our_name);
      out.emplace_back(name,
                       tf_names::to_tf_layout(name, tensor.detach().to(torch::kCPU, torch::kFloat)).clone());
    }
    return out;
  }

  void keep_gradients() {
    for (const auto& [our_name, gradient] : trainer_.gradients()) {
      const auto name = tf_names::from_ours(our_name);
      if (gradient.defined())
        gradients_[name] = tf_names::to_tf_layout(name, gradient.to(torch::kCPU)).clone();
    }
  }

  void compare_gradients() {
    keep_gradients();
    const auto without = case_.json()["vars_without_grad"].get<std::set<std::string>>();
    const auto trainable = case_.json()["trainable"].get<std::set<std::string>>();
    for (const auto& name : trainable) {
      const auto& actual = gradients_[name];
      if (without.contains(name)) {
        if (actual.defined() && actual.any().item<bool>())
          comparison_.problem("grads/" + name + " should not be there");
      } else if (case_.has("grads/" + name)) {
        const auto& expected = case_.tensor("grads/" + name);
        const auto largest = expected.abs().max().item<double>();
        // No path from the loss to the variable: absent and zero are the same.
        if (!actual.defined() && largest == 0) continue;
        // Nor where all that was recorded is rounding, and ours leaves it out.
        if (!actual.defined() && has_no_true_gradient(name, trainable)) {
          comparison_.agree("grads/" + name + " is left out");
          continue;
        }
        comparison_.compare("grads/" + name, actual, expected, tolerances_.gradient(name, largest));
      } else if (case_.has("grads_l2/" + name)) {
        compare_sampled_gradient(name, actual);
      }
    }
  }

  void compare_sampled_gradient(const std::string& name, const Tensor& actual) {
    if (!actual.defined()) return comparison_.problem("grads/" + name + " is missing");
    comparison_.compare("grads_sample/" + name, sampled(actual), case_.tensor("grads_sample/" + name),
                        tolerances_.gradient(name, tolerances_.largest_gradient(name)));
    comparison_.compare("grads_l2/" + name, norm_of(actual), case_.tensor("grads_l2/" + name),
                        tolerances_.gradient_norm(name, case_.scalar("grads_l2/" + name), actual.numel()));
  }

  void compare_after() {
    for (const auto& [name, value] : variables()) {
      if (case_.has("after/" + name))
        compare_whole_after(name, value);
      else if (case_.has("after_l2/" + name))
        compare_sampled_after(name, value);
      after_.insert(name);
    }
    for (const auto* group : {"after", "after_l2"})
      for (const auto& name : case_.names(group))
        if (!after_.contains(name)) comparison_.problem(concat(group, "/", name, " is missing"));
  }

  void compare_whole_after(const std::string& name, const Tensor& value) {
    const auto& expected = case_.tensor("after/" + name);
    const auto variable = name.substr(0, tf_names::is_slot(name) ? name.rfind('/') : name.size());
    if (!case_.has("grads/" + variable)) {  // never moved by an optimizer
      comparison_.compare("after/" + name, value, expected, Tolerances::untrained(expected));
      return;
    }
    const auto& gradient = case_.tensor("grads/" + variable);
    const auto largest = gradient.abs().max().item<double>();
    if (name.ends_with("/Adam"))
      comparison_.compare("after/" + name, value, expected, tolerances_.first_moment(variable, largest));
    else if (name.ends_with("/Adam_1"))
      comparison_.compare("after/" + name, value, expected, tolerances_.second_moment(variable, largest));
    else
      comparison_.compare("after/" + name, value, expected,
                          tolerances_.after(name, expected, gradient, largest));
  }

  // The norm may be off by the norm of what its elements may be off.
  void compare_sampled_after(const std::string& name, const Tensor& value) {
    const auto& expected = case_.tensor("after_sample/" + name);
    const auto& norm = case_.tensor("after_l2/" + name);
    if (!case_.has("grads_l2/" + name)) {
      comparison_.compare("after_sample/" + name, sampled(value), expected, Tolerances::untrained(expected));
      comparison_.compare("after_l2/" + name, norm_of(value), norm, Tolerances::untrained(norm));
      return;
    }
    const auto largest = tolerances_.largest_gradient(name);
    const auto allowed = tolerances_.after(name, expected, case_.tensor("grads_sample/" + name), largest);
    comparison_.compare("after_sample/" + name, sampled(value), expected, allowed);
    const auto whole = tolerances_.after(name, value, gradients_[name], largest);
    comparison_.compare("after_l2/" + name, norm_of(value), norm, norm_of(whole));
  }

  const Case& case_;
  Comparison& comparison_;
  Tolerances tolerances_;
  ModelSetup setup_;
  Batch batch_;
  std::shared_ptr<RecordedNoise> noise_;
  Trainer trainer_;
  std::map<std::string, Tensor> gradients_;  // of the first step
  std::set<std::string> after_;
};

}  // namespace

void run_train_step(const Case& recorded, Comparison& comparison) {
  compare_across_kinks(
      recorded, [](const Case& c, Comparison& found) { TrainStep(c, found).run(); }, comparison);
}

}  // namespace savp::golden
