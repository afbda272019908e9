package main

// Step 2: docs/reference/agreement.md section 2. A form is a predicate on a JSON value.

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

type form func(v any) bool

var unseen = regexp.MustCompile("[\x00-\x08\x0b-\x1f\x7f\u0080-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]")

func text(least, most int, lines bool, pattern string) form {
	rule := regexp.MustCompile(`\A(?:` + pattern + `)\z`)
	return func(v any) bool {
		s, ok := v.(string)
		n := utf8.RuneCountInString(s)
		return ok && n >= least && n <= most && !(least > 0 && strings.TrimSpace(s) == "") && !unseen.MatchString(s) &&
			(lines || !strings.ContainsAny(s, "\n\t")) && (pattern == "" || rule.MatchString(s))
	}
}

func integer(least, most int64) form {
	return func(v any) bool { n, ok := whole(v); return ok && n >= least && n <= most }
}

func optional(f form) form { return func(v any) bool { return v == nil || f(v) } }
func flag(v any) bool      { _, ok := v.(bool); return ok }

func oneOf(words ...string) form {
	return func(v any) bool {
		for _, w := range words {
			if v == w {
				return true
			}
		}
		return false
	}
}

func list(f form, most int, unique string) form {
	return func(v any) bool {
		items, ok := v.([]any)
		seen := map[any]bool{}
		for _, item := range items {
			if !f(item) {
				return false
			}
			if unique != "" {
				name := item.(object)[unique]
				if seen[name] {
					return false
				}
				seen[name] = true
			}
		}
		return ok && len(items) <= most
	}
}

func table(name, f form, most int) form {
	return func(v any) bool {
		o, ok := v.(object)
		for k, item := range o {
			if !name(k) || !f(item) {
				return false
			}
		}
		return ok && len(o) >= 1 && len(o) <= most
	}
}

type members map[string]form

// record is an object with exactly these members.
func record(m members) form {
	return func(v any) bool {
		o, ok := v.(object)
		if !ok || len(o) != len(m) {
			return false
		}
		for k, f := range m {
			if item, there := o[k]; !there || !f(item) {
				return false
			}
		}
		return true
	}
}

func day(v any) bool {
	s, ok := v.(string)
	_, err := time.Parse("2006-01-02", s)
	return ok && err == nil && s >= "0001"
}

func keyForm(v any) bool {
	s, ok := v.(string)
	k, err := parseKey(s)
	return ok && len(s) < 400 && err == nil && k.text(1) == s
}

var (
	name        = text(1, 200, false, "")
	role        = text(1, 60, false, `[a-z][a-z0-9_]*`)
	digestForm  = text(71, 71, false, "sha256:[0-9a-f]{64}")
	plainName   = text(1, 100, false, `[A-Za-z0-9][A-Za-z0-9._-]*`)
	codeForm    = text(1, 60, false, `[a-z][a-z0-9_]*(\.[A-Za-z0-9_]+)*`)
	money       = text(1, 22, false, `(0|[1-9][0-9]{0,14})(\.[0-9]{1,6})?`)
	signatory   = record(members{"name": name, "title": name, "authority": text(1, 500, false, "")})
	party       = record(members{"name": name, "key": keyForm, "signatories": list(signatory, 16, "name")})
	logForm     = record(members{"origin": name, "key": keyForm})
	auditor     = record(members{"name": name, "key": keyForm})
	consequence = record(members{"trigger": oneOf("note", "notice", "explain", "audit", "confer", "dispute"),
		"text": text(1, 1000, false, ""), "cure_days": integer(0, 3650), "dispute": text(0, 1000, false, "")})
	agreementForm = record(members{
		"type": oneOf("brightline/agreement/v1"), "title": name, "contract": optional(name), "supersedes": optional(digestForm),
		"interim": flag, "parties": record(members{"vendor": party, "customer": party}),
		"terms":      record(members{"digest": digestForm, "files": table(plainName, text(0, 1<<20, true, ""), 16)}),
		"vocabulary": table(plainName, digestForm, 32),
		"models":     list(record(members{"name": name, "digest": optional(digestForm), "family": name, "variant": name}), 256, "name"),
		"logs":       list(logForm, 64, "origin"),
		"ceiling":    optional(record(members{"currency": text(3, 3, false, "[A-Z]{3}"), "amount": money, "funded": money})),
		"disclosure": record(members{"time_seconds": integer(1, 86400), "tokens": integer(1, 1<<20), "lengths": integer(1, 1<<20),
			"erasures": integer(0, 1<<32), "erasures_per_10000": integer(0, 10000), "heartbeat_seconds": integer(60, 31*86400),
			"statements": list(oneOf("meters"), 16, "")}),
		"retention": record(members{"record_days": integer(1, 36525), "content_days": integer(0, 36525), "erasure_role": role, "hold_role": role}),
		"audit": optional(record(members{"commitment": digestForm, "epochs": integer(1, 10000), "epoch_days": integer(1, 366),
			"sample": integer(1, 100000), "auditors": list(auditor, 16, "name")})),
		"prevails": oneOf("words", "code"), "from": day, "until": optional(day), "consequences": table(codeForm, consequence, 128),
	})
)

type key struct {
	name   string
	public []byte
}

func (k key) id(algorithm byte) []byte {
	sum := sha256.Sum256(append(append([]byte(k.name+"\n"), algorithm), k.public...))
	return sum[:4]
}

func (k key) text(algorithm byte) string {
	raw := append([]byte{algorithm}, k.public...)
	return fmt.Sprintf("%s+%x+%s", k.name, k.id(algorithm), base64.StdEncoding.EncodeToString(raw))
}

func (k key) signed(message, signature []byte) bool {
	return len(signature) == 64 && ed25519.Verify(k.public, message, signature)
}

var smallOrder = map[string]bool{
	strings.Repeat("00", 32): true, "01" + strings.Repeat("00", 31): true,
	"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05": true,
	"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a": true,
	"ec" + strings.Repeat("ff", 30) + "7f":                             true, "ed" + strings.Repeat("ff", 30) + "7f": true,
	"ee" + strings.Repeat("ff", 30) + "7f": true,
}

// parseKey reads NAME+KEYID+BASE64(0x01 or 0x04 || public key).
func parseKey(s string) (key, error) {
	bad := fmt.Errorf("no key")
	parts := strings.SplitN(s, "+", 3)
	if len(parts) != 3 || parts[0] == "" || utf8.RuneCountInString(parts[0]) > 200 {
		return key{}, bad
	}
	for _, c := range parts[0] {
		if unicode.IsSpace(c) || unicode.Is(unicode.C, c) || !unicode.IsPrint(c) {
			return key{}, bad
		}
	}
	raw, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(raw) != 33 || (raw[0] != 1 && raw[0] != 4) {
		return key{}, bad
	}
	k := key{parts[0], raw[1:]}
	cleared := append([]byte{}, k.public...)
	cleared[31] &= 0x7f
	if k.text(raw[0]) != s || smallOrder[hex.EncodeToString(cleared)] {
		return key{}, bad
	}
	return k, nil
}

type agreement struct {
	value                  object
	digest                 string
	vendor, customer       key
	terms                  []byte
	clauses, activities    int // -1 where they cannot be told
	step, tokens, beat     uint64
	erasures, per, content int64
	statements             map[string]bool
	notes                  []string
}

func (o object) at(path string) any {
	var v any = o
	for _, p := range strings.Split(path, ".") {
		v = v.(object)[p]
	}
	return v
}

func must(v any) int64 { n, _ := whole(v); return n }

// readAgreement is step 2; nil where it fails. known: the parties' keys, nil where none is known.
func readAgreement(file []byte, known map[string]string, vocabulary []module) *agreement {
	// 1. the envelope
	v, err := parseJSON(file)
	env, ok := v.(object)
	if err != nil || !ok || len(env) != 3 || len(file) > 8<<20 {
		return nil
	}
	kind, _ := env["payloadType"].(string)
	encoded, _ := env["payload"].(string)
	signatures, listed := env["signatures"].([]any)
	payload, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil || kind != "application/vnd.brightline.agreement+json" || !listed || len(signatures) > 64 || len(payload) > 4<<20 {
		return nil
	}
	// 2. the payload's form
	pv, err := parseJSON(payload)
	if err != nil || !agreementForm(pv) {
		return nil
	}
	if said, ok := canonical(pv); !ok || said != string(payload) || !agrees(pv.(object)) {
		return nil
	}
	o := pv.(object)
	a := &agreement{value: o, digest: fmt.Sprintf("sha256:%x", sha256.Sum256(payload))}
	a.vendor, _ = parseKey(o.at("parties.vendor.key").(string))
	a.customer, _ = parseKey(o.at("parties.customer.key").(string))
	// 3. signed by both
	if known != nil && (known["vendor"] != a.vendor.text(1) || known["customer"] != a.customer.text(1)) {
		return nil
	}
	message := []byte(fmt.Sprintf("DSSEv1 %d %s %d %s", len(kind), kind, len(payload), payload))
	var byVendor, byCustomer bool
	for _, s := range signatures {
		one, ok := s.(object)
		if !ok {
			return nil
		}
		_, named := one["keyid"].(string)
		said, _ := one["sig"].(string)
		sig, err := base64.StdEncoding.DecodeString(said)
		if err != nil || !named {
			return nil
		}
		byVendor = byVendor || a.vendor.signed(message, sig)
		byCustomer = byCustomer || a.customer.signed(message, sig)
	}
	if !byVendor || !byCustomer {
		return nil
	}
	a.read(known == nil, vocabulary)
	return a
}

// agrees holds what no single member can see.
func agrees(o object) bool {
	vendor, _ := parseKey(o.at("parties.vendor.key").(string))
	customer, _ := parseKey(o.at("parties.customer.key").(string))
	taken := map[string]bool{string(vendor.public): true, string(customer.public): true}
	if bytes.Equal(vendor.public, customer.public) {
		return false
	}
	files, clauses := map[string]bool{}, false
	for f := range o.at("terms.files").(object) {
		files[strings.ToLower(f)] = true
		clauses = clauses || strings.HasSuffix(f, ".cedar")
	}
	if len(files) < len(o.at("terms.files").(object)) || !clauses || o.at("vocabulary").(object)["core"] == nil ||
		o.at("consequences").(object)["other"] == nil {
		return false
	}
	if until, ok := o["until"].(string); ok && until < o["from"].(string) {
		return false
	}
	for _, l := range o["logs"].([]any) {
		k, _ := parseKey(l.(object)["key"].(string))
		if k.name != l.(object)["origin"] || bytes.Equal(k.public, vendor.public) {
			return false
		}
		taken[string(k.public)] = true
	}
	if c, ok := o["ceiling"].(object); ok && amount(c["funded"]) > amount(c["amount"]) {
		return false
	}
	if audit, ok := o["audit"].(object); ok {
		for _, x := range audit["auditors"].([]any) {
			k, _ := parseKey(x.(object)["key"].(string))
			if taken[string(k.public)] {
				return false
			}
			taken[string(k.public)] = true
		}
	}
	return true
}

// amount makes decimal texts comparable as texts: 15 digits, a point, 6 places.
func amount(v any) string {
	w, f, _ := strings.Cut(v.(string), ".")
	return strings.Repeat("0", 15-len(w)) + w + "." + f + strings.Repeat("0", 6-len(f))
}

func (a *agreement) read(believed bool, vocabulary []module) {
	o := a.value
	a.terms, _ = hex.DecodeString(o.at("terms.digest").(string)[7:])
	a.step, a.tokens = uint64(must(o.at("disclosure.time_seconds"))), uint64(must(o.at("disclosure.tokens")))
	a.beat = uint64(must(o.at("disclosure.heartbeat_seconds")))
	a.erasures, a.per = must(o.at("disclosure.erasures")), must(o.at("disclosure.erasures_per_10000"))
	a.content = must(o.at("retention.content_days"))
	a.statements = map[string]bool{}
	for _, s := range o.at("disclosure.statements").([]any) {
		a.statements[s.(string)] = true
	}
	cedar, _ := o.at("terms.files").(object)["terms.cedar"].(string)
	a.clauses = countClauses(cedar)
	for n, d := range o["vocabulary"].(object) {
		found := false
		for _, m := range vocabulary {
			if m.Module == n && m.Digest == d {
				found = true
				a.activities += m.Activities
			}
		}
		if !found {
			a.activities = -1 << 30
		}
	}
	for condition, code := range map[bool]string{believed: "agreement.keys_unknown"} {
		if condition {
			a.notes = append(a.notes, code)
		}
	}
	if o["interim"].(bool) {
		a.notes = append(a.notes, "agreement.interim")
	}
	if len(o.at("parties.vendor.signatories").([]any)) == 0 || len(o.at("parties.customer.signatories").([]any)) == 0 {
		a.notes = append(a.notes, "agreement.no_signatory")
	}
	if a.clauses < 0 {
		a.notes = append(a.notes, "terms.unnamed")
	}
	if a.activities < 0 {
		a.notes = append(a.notes, "vocabulary.unknown")
	}
}

var (
	token  = regexp.MustCompile(`\A(?:"(?:\\.|[^"\\])*"|//[^\n]*|;|[^"/;]+|/)`)
	idForm = regexp.MustCompile(`@\s*id\s*\(\s*"([A-Za-z0-9][A-Za-z0-9._:-]{0,63})"\s*\)`)
	notes  = regexp.MustCompile(`@\s*(\w+)\s*\(\s*"(?:\\.|[^"\\])*"\s*\)`)
	idWord = regexp.MustCompile(`@\s*id\b`)
)

// countClauses tells the policies of a Cedar text by its words; -1 where that leaves a doubt.
func countClauses(cedar string) int {
	ids, words, n := map[string]bool{}, "", 0
	for cedar != "" {
		t := token.FindString(cedar)
		if t == "" {
			return -1
		}
		cedar = cedar[len(t):]
		if t != ";" {
			if strings.HasPrefix(t, "//") {
				t = " "
			}
			words += t
			continue
		}
		words = notes.ReplaceAllStringFunc(words, func(s string) string {
			if notes.FindStringSubmatch(s)[1] == "id" {
				return s
			}
			return `@other("")`
		})
		found := idForm.FindAllStringSubmatch(words, -1)
		if len(found) > 1 || (len(found) == 0 && idWord.MatchString(words)) {
			return -1
		}
		id := fmt.Sprintf("policy%d", n)
		if len(found) == 1 {
			id = found[0][1]
		}
		if ids[id] {
			return -1
		}
		ids[id] = true
		n++
		words = ""
	}
	if strings.TrimSpace(words) != "" || n == 0 {
		return -1
	}
	return n
}
