//! Manifests for Kubernetes, as a kustomization.
//!
//! Owns their text but the policies of networks. The configuration stays in files of its own, of which
//! kustomize makes one ConfigMap of a fixed name: applied again it changes in place, and the runs that
//! watch it apply it.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::network_policy::policy;
use super::project::{CONFIGURATION, METRICS, Project, STATE, Written};
use super::sites::Site;
use super::words::{arguments, labels, object_name, project_name, secrets, yaml, yaml_list};

/// Where the secrets lie in a container.
const SECRETS: &str = "/run/secrets/zrig";
/// Whom a container runs as.
const USER: u32 = 65_532;

/// A file a site, and the kustomization of all.
pub(super) fn manifests(project: &Project, sites: &[Site<'_>]) -> Vec<Written> {
    let mut written: Vec<Written> = sites
        .iter()
        .enumerate()
        .map(|(at, site)| Written {
            path: PathBuf::from(format!("{}.yaml", site.name)),
            text: site_manifests(project, sites, at, site),
        })
        .collect();
    written.push(Written {
        path: PathBuf::from("kustomization.yaml"),
        text: kustomization(project, sites),
    });
    written
}

fn kustomization(project: &Project, sites: &[Site<'_>]) -> String {
    let mut text = String::from(
        "# Written by `zrig export kubernetes`; README.md has what to do with it.\n\
         apiVersion: kustomize.config.k8s.io/v1beta1\n\
         kind: Kustomization\n\
         resources:\n",
    );
    for site in sites {
        let _ = writeln!(text, "  - {}.yaml", site.name);
    }
    let _ = write!(
        text,
        "# A fixed name: an applied change is a change of a running topology, not a restart.\n\
         generatorOptions:\n\
         \x20 disableNameSuffixHash: true\n\
         configMapGenerator:\n\
         \x20 - name: {}-files\n\
         \x20   files:\n",
        project_name(project)
    );
    for (key, path) in keys(project) {
        let path = Path::new("files").join(path);
        let _ = writeln!(text, "      - {}", yaml(&format!("{key}={}", path.display())));
    }
    text
}

/// The files by their keys in the ConfigMap, which has no folders.
fn keys(project: &Project) -> Vec<(String, &Path)> {
    let mut taken = BTreeSet::new();
    let keys = project.files.iter().map(|file| {
        let path = file.path.display().to_string().replace('/', "__");
        let key: String = path
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' })
            .collect();
        let mut free = key.clone();
        while !taken.insert(free.clone()) {
            free.push('_');
        }
        (free, file.path.as_path())
    });
    keys.collect()
}

fn site_manifests(project: &Project, sites: &[Site<'_>], at: usize, site: &Site<'_>) -> String {
    let mut text =
        String::from("# Written by `zrig export kubernetes`; README.md has what to do with it.\n");
    workload(&mut text, project, sites, site);
    if !site.ports.is_empty() {
        service(&mut text, project, site);
    }
    text.push_str(&policy(project, sites, at, site));
    let _ = write!(
        text,
        "---\n\
         apiVersion: policy/v1\n\
         kind: PodDisruptionBudget\n\
         metadata:\n\
         \x20 name: {name}\n\
         spec:\n\
         \x20 maxUnavailable: 1\n\
         \x20 selector:\n\
         \x20   matchLabels: {labels}\n",
        name = object_name(project, site),
        labels = labels(project, site),
    );
    text
}

fn service(text: &mut String, project: &Project, site: &Site<'_>) {
    let _ = write!(
        text,
        "---\n\
         apiVersion: v1\n\
         kind: Service\n\
         metadata:\n\
         \x20 name: {name}\n\
         \x20 labels: {labels}\n\
         spec:\n\
         \x20 selector: {labels}\n\
         \x20 # Peers connect before the place is ready, and wait for each other.\n\
         \x20 publishNotReadyAddresses: true\n\
         \x20 ports:\n",
        name = object_name(project, site),
        labels = labels(project, site),
    );
    for number in site.ports.keys() {
        let _ =
            writeln!(text, "    - {{name: zmtp-{number}, port: {number}, targetPort: {number}}}");
    }
}

/// The Deployment, or the StatefulSet of a place that keeps files.
fn workload(text: &mut String, project: &Project, sites: &[Site<'_>], site: &Site<'_>) {
    let (kind, order) = match site.keeps {
        true => ("StatefulSet", format!("  serviceName: {}\n", object_name(project, site))),
        // Two of one place would bear the same identities.
        false => ("Deployment", "  strategy: {type: Recreate}\n".to_owned()),
    };
    let _ = write!(
        text,
        "apiVersion: apps/v1\n\
         kind: {kind}\n\
         metadata:\n\
         \x20 name: {name}\n\
         \x20 labels: {labels}\n\
         spec:\n\
         \x20 replicas: {copies}\n\
         {order}\
         \x20 selector:\n\
         \x20   matchLabels: {labels}\n\
         \x20 template:\n\
         \x20   metadata:\n\
         \x20     labels: {labels}\n\
         \x20     annotations:\n\
         \x20       prometheus.io/scrape: \"true\"\n\
         \x20       prometheus.io/port: \"{METRICS}\"\n\
         \x20       prometheus.io/path: /metrics\n\
         \x20   spec:\n\
         \x20     automountServiceAccountToken: false\n\
         \x20     enableServiceLinks: false\n\
         \x20     terminationGracePeriodSeconds: 15\n\
         \x20     securityContext:\n\
         \x20       runAsNonRoot: true\n\
         \x20       runAsUser: {USER}\n\
         \x20       runAsGroup: {USER}\n\
         \x20       fsGroup: {USER}\n\
         \x20       seccompProfile: {{type: RuntimeDefault}}\n",
        name = object_name(project, site),
        labels = labels(project, site),
        copies = site.copies(),
    );
    container(text, project, sites, site);
    volumes(text, project, site);
}

fn container(text: &mut String, project: &Project, sites: &[Site<'_>], site: &Site<'_>) {
    let host = |site: &Site<'_>| object_name(project, site);
    let command = arguments(project, sites, site, Path::new(CONFIGURATION), "0.0.0.0", Some(&host));
    let _ = write!(
        text,
        "      containers:\n\
         \x20       # {nodes}\n\
         \x20       - name: zrig\n\
         \x20         image: {image}\n\
         \x20         args: {command}\n\
         \x20         env:\n\
         \x20           - {{name: STATE_DIRECTORY, value: {STATE}}}\n",
        nodes = site.nodes.join(", "),
        image = yaml(&project.image),
        command = yaml_list(&escaped(&command)),
    );
    if !secrets(project, site).is_empty() {
        let _ = writeln!(text, "            - {{name: CREDENTIALS_DIRECTORY, value: {SECRETS}}}");
    }
    if !project.variables.is_empty() {
        let _ = writeln!(
            text,
            "          envFrom:\n            - secretRef: {{name: {}-variables, optional: true}}",
            project_name(project)
        );
    }
    let _ = write!(
        text,
        "          ports:\n\
         \x20           - {{name: metrics, containerPort: {METRICS}}}\n"
    );
    for number in site.ports.keys() {
        let _ = writeln!(text, "            - {{name: zmtp-{number}, containerPort: {number}}}");
    }
    let _ = write!(
        text,
        "          readinessProbe:\n\
         \x20           httpGet: {{path: /readyz, port: metrics}}\n\
         \x20           periodSeconds: 5\n\
         \x20         livenessProbe:\n\
         \x20           httpGet: {{path: /healthz, port: metrics}}\n\
         \x20           periodSeconds: 10\n\
         \x20           failureThreshold: 6\n\
         \x20         resources:\n\
         \x20           requests: {{cpu: 100m, memory: 64Mi}}\n\
         \x20           limits: {{memory: 512Mi}}\n\
         \x20         securityContext:\n\
         \x20           allowPrivilegeEscalation: false\n\
         \x20           readOnlyRootFilesystem: true\n\
         \x20           capabilities: {{drop: [ALL]}}\n\
         \x20         volumeMounts:\n\
         \x20           - {{name: files, mountPath: {CONFIGURATION}, readOnly: true}}\n\
         \x20           - {{name: tmp, mountPath: /tmp}}\n"
    );
    if !project.secrets.is_empty() {
        let _ =
            writeln!(text, "            - {{name: secrets, mountPath: {SECRETS}, readOnly: true}}");
    }
    if site.keeps {
        let _ = writeln!(text, "            - {{name: state, mountPath: {STATE}}}");
    }
}

fn volumes(text: &mut String, project: &Project, site: &Site<'_>) {
    let name = project_name(project);
    let _ = write!(
        text,
        "      volumes:\n\
         \x20       - name: tmp\n\
         \x20         emptyDir: {{sizeLimit: 16Mi}}\n\
         \x20       - name: files\n\
         \x20         configMap:\n\
         \x20           name: {name}-files\n\
         \x20           items:\n"
    );
    for (key, path) in keys(project) {
        let path = path.display().to_string();
        let _ = writeln!(text, "              - {{key: {}, path: {}}}", yaml(&key), yaml(&path));
    }
    let lent = secrets(project, site);
    if !lent.is_empty() {
        let _ = write!(
            text,
            "        - name: secrets\n\
             \x20         secret:\n\
             \x20           secretName: {name}-secrets\n\
             \x20           defaultMode: 256 # 0400\n\
             \x20           items:\n"
        );
        for secret in lent {
            let secret = yaml(secret);
            let _ = writeln!(text, "              - {{key: {secret}, path: {secret}}}");
        }
    }
    if site.keeps {
        let _ = write!(
            text,
            "  volumeClaimTemplates:\n\
             \x20   - metadata:\n\
             \x20       name: state\n\
             \x20     spec:\n\
             \x20       accessModes: [ReadWriteOnce]\n\
             \x20       resources: {{requests: {{storage: 1Gi}}}}\n"
        );
    }
}

/// `$(…)` is what Kubernetes fills in.
fn escaped(words: &[String]) -> Vec<String> {
    words.iter().map(|word| word.replace("$(", "$$(")).collect()
}
