"""Sharing: who may use whose image, what ends when sharing ends, and community images."""

from __future__ import annotations

import pytest
from helpers import BEIJING, HANGZHOU, golden_image, machine, refused, stored_gib, unchanged, unusable

from ecs_images import Cloud, Ledger
from ecs_images.ledger.events import ImageShared

MARKETPLACE = "cmjj022644"


def test_a_receiver_launches_replaces_and_makes_images_of_its_own(cloud, acme, partner):
    """SHARE-1, SHARE-7 (W: doc-detail/25463; R: Share or unshare custom images 2020-12-02)."""
    image = golden_image(acme)
    acme.share_image(image, with_accounts=[partner])
    assert cloud.image(image).shared_with == {"partner"}
    web = machine(partner, image=image)
    other = machine(partner)
    partner.stop_instance(other)
    partner.replace_system_disk(other, image)
    own = partner.create_image(web, name="mine")
    assert cloud.image(own).account == "partner"
    partner.share_image(own, with_accounts=[acme])


def test_sharing_stores_nothing_for_the_receiver(cloud, acme, partner):
    """SHARE-8 (R: zh image overview): the owner keeps the snapshots."""
    image = golden_image(acme)
    acme.share_image(image, with_accounts=[partner])
    assert stored_gib(cloud) == 12
    assert {cloud.snapshot(s).account for s in cloud.state.snapshots} == {"acme"}


def test_without_sharing_nobody_else_uses_an_image(cloud, acme, partner):
    image = golden_image(acme)
    with refused(cloud, "InvalidImageId.NotFound", operation="RunInstances"):
        machine(partner, image=image)
    acme.share_image(image, with_accounts=["partner"])  # by name works too
    machine(partner, image=image)


def test_sharing_stays_in_the_images_region(cloud, acme, partner):
    """SHARE-1, COPY-11: to share elsewhere, copy first, then share the copy."""
    image = golden_image(acme)
    acme.share_image(image, with_accounts=[partner])
    with refused(cloud, "InvalidImageId.NotFound", operation="RunInstances"):
        machine(partner, image=image, region=HANGZHOU)
    copy = acme.copy_image(image, to=HANGZHOU)
    with refused(cloud, "InvalidImageId.NotFound"):  # the copy is not shared with the original
        machine(partner, image=copy, region=HANGZHOU)
    acme.share_image(copy, with_accounts=[partner])
    machine(partner, image=copy, region=HANGZHOU)


COMMANDS = {
    "share": lambda account, image, other: account.share_image(image, with_accounts=[other]),
    "unshare": lambda account, image, other: account.unshare_image(image, from_accounts=[other]),
    "publish": lambda account, image, other: account.publish_image(image),
    "unpublish": lambda account, image, other: account.unpublish_image(image),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_only_the_owner_decides_who_uses_an_image(cloud, acme, partner, command):
    """SHARE-1, SHARE-7, TYPE-4: a receiver cannot share on, and nobody shares a public image."""
    third = cloud.account("third")
    image, gone = golden_image(acme), golden_image(acme)
    acme.share_image(image, with_accounts=[partner])
    acme.delete_image(gone)
    public = "aliyun_3_x64_20G_alibase_20251030.vhd"
    for account, which in ((partner, image), (third, image), (acme, gone), (acme, public), (acme, MARKETPLACE)):
        with refused(cloud, "InvalidImageId.NotFound", operation="ModifyImageSharePermission"):
            COMMANDS[command](account, which, third)


def test_sharing_again_and_unsharing_what_was_not_shared_changes_nothing(cloud, acme, partner):
    image = golden_image(acme)
    with unchanged(cloud):
        acme.unshare_image(image, from_accounts=[partner])
    acme.share_image(image, with_accounts=[partner, partner])
    with unchanged(cloud):
        acme.share_image(image, with_accounts=[partner])


def test_an_image_is_not_shared_with_its_owner_or_with_nobody(cloud, acme, partner):
    """SHARE-2 (G: ModifyImageSharePermission): if one of them is refused, none is shared with."""
    image = golden_image(acme)
    with refused(cloud, "InvalidAccount.Forbbiden", operation="ModifyImageSharePermission"):
        acme.share_image(image, with_accounts=[partner, acme])
    with refused(cloud, "InvalidAccount.NotFound", operation="ModifyImageSharePermission") as caught:
        acme.share_image(image, with_accounts=[partner, "partnr"])
    assert "partner" in caught.value.reason


def test_a_misspelt_account_is_not_taken_for_one_that_lost_the_image(cloud, acme, partner):
    """SHARE-2, SHARE-9: whoever unshares from partnr believes that partner has it no more."""
    image = golden_image(acme)
    acme.share_image(image, with_accounts=[partner])
    with refused(cloud, "InvalidAccount.NotFound", operation="ModifyImageSharePermission") as caught:
        acme.unshare_image(image, from_accounts=["partnr"])
    assert "partner" in caught.value.reason


def test_an_image_is_taken_from_an_account_of_which_only_its_share_is_known(cloud, acme):
    """DEL-3, SHARE-9: a ledger may tell of a share, and never of the receiver; the image could not be deleted else."""
    image = golden_image(acme)
    share = ImageShared(at=cloud.now, image=image, account="stranger")
    told = Cloud.from_ledger(Ledger([*cloud.ledger, share]))
    told.account("acme").unshare_image(image, from_accounts=["stranger"])
    assert told.image(image).shared_with == set()
    told.account("acme").delete_image(image)


@pytest.mark.parametrize("accounts", [[], "partner", ()])
def test_accounts_are_given_as_a_list(cloud, acme, partner, accounts):
    image = golden_image(acme)
    with unusable(cloud, "a list"):
        acme.share_image(image, with_accounts=accounts)
    with unusable(cloud, "a list"):
        acme.unshare_image(image, from_accounts=accounts)


def test_accounts_beyond_the_tenth_of_a_call_are_ignored(cloud, acme):
    """SHARE-2, conflict 33 (G: ModifyImageSharePermission)."""
    image = golden_image(acme)
    others = [cloud.account(f"other{n}") for n in range(11)]
    acme.share_image(image, with_accounts=others)
    assert cloud.image(image).shared_with == {f"other{n}" for n in range(10)}
    acme.unshare_image(image, from_accounts=others[::-1])  # other10 … other1
    assert cloud.image(image).shared_with == {"other0"}


def test_a_name_that_stands_ten_times_leaves_no_place_for_another_and_is_not_said_to_be_ignored(cloud, acme):
    """SHARE-2: of twelve places, ten and the last are p, the eleventh is q."""
    image = golden_image(acme)
    p, q = cloud.account("p"), cloud.account("q")
    said = acme.share_image(image, with_accounts=[*[p] * 10, q, p])
    assert said == "ignored, since a call names at most 10 accounts (SHARE-2): q"
    assert cloud.image(image).shared_with == {"p"}
    assert acme.share_image(image, with_accounts=[p] * 11) is None


def test_an_image_is_shared_with_at_most_fifty_accounts(cloud, acme):
    """SHARE-2 (R: Limits 2021-07)."""
    image = golden_image(acme)
    for n in range(50):
        acme.share_image(image, with_accounts=[cloud.account(f"other{n}")])
    last = cloud.account("last")
    with refused(cloud, "QuotaExceed.ShareImageUser", operation="ModifyImageSharePermission"):
        acme.share_image(image, with_accounts=[last])
    acme.unshare_image(image, from_accounts=["other0"])
    acme.share_image(image, with_accounts=[last])


def test_an_account_receives_at_most_a_hundred_images_and_they_use_none_of_its_own_quota(cloud, acme, partner):
    """SHARE-3 (R: Image FAQ 2021-07-19)."""
    snapshots = {region: acme.create_snapshot(machine(acme, region=region)) for region in (BEIJING, HANGZHOU)}
    for n in range(100):
        image = acme.create_image(snapshot=snapshots[BEIJING if n % 2 else HANGZHOU])
        acme.share_image(image, with_accounts=[partner])
    one_more = acme.create_image(snapshot=snapshots[BEIJING])
    with refused(cloud, "QuotaExceed.ShareImage", operation="ModifyImageSharePermission"):
        acme.share_image(one_more, with_accounts=[partner])
    golden_image(partner)
    acme.unshare_image(image, from_accounts=[partner])
    acme.share_image(one_more, with_accounts=[partner])


def test_a_marketplace_image_does_not_cross_to_the_other_site(cloud, acme, partner):
    """SHARE-5, MKT-7 (W: doc-detail/25463), conflict 15: on one site it may be shared."""
    abroad = cloud.account("abroad", site="international")
    image = golden_image(acme, image=MARKETPLACE)
    with refused(cloud, "InvalidImageId.BidMismatch", operation="ModifyImageSharePermission"):
        acme.share_image(image, with_accounts=[abroad])
    acme.share_image(image, with_accounts=[partner])
    acme.share_image(golden_image(acme), with_accounts=[abroad])  # an ordinary image may cross


def test_a_fee_follows_a_shared_image_to_the_receivers_instances(cloud, acme, partner):
    """IBILL-5, ID-4 (W: ecs/images 2026-05-27): Red Hat → acme's image → partner's instance."""
    image = golden_image(acme, image="rhel_9")
    acme.share_image(image, with_accounts=[partner])
    web = cloud.instance(machine(partner, image=image))
    assert web.lineage.charged_system == "Red Hat Enterprise Linux"
    assert web.account == "partner"


def test_an_encrypted_image_is_shared_only_under_a_key_of_ones_own(cloud, acme, partner):
    """SHARE-6 (G: ModifyImageSharePermission)."""
    plain = golden_image(acme)
    by_service = acme.copy_image(plain, to=HANGZHOU, encrypted=True)
    by_own_key = acme.copy_image(plain, to=HANGZHOU, encrypted=True, kms_key="key-1", name="own-key")
    with refused(cloud, "OperationDeined.EncryptedSnapshot", operation="ModifyImageSharePermission"):
        acme.share_image(by_service, with_accounts=[partner])
    acme.share_image(by_own_key, with_accounts=[partner])


# Ends of sharing ----------------------------------------------------------------------------------


def test_after_unsharing_running_instances_stay_but_are_not_re_initialised(cloud, acme, partner):
    """SHARE-9, REINIT-2 (G; R): and nothing new starts."""
    image = golden_image(acme)
    acme.share_image(image, with_accounts=[partner])
    web, other = machine(partner, image=image), machine(partner)
    for instance in (web, other):
        partner.stop_instance(instance)
    partner.reinit_disk(web)
    acme.unshare_image(image, from_accounts=[partner])
    with refused(cloud, "InvalidImageId.NotFound", operation="ReInitDisk"):
        partner.reinit_disk(web)
    with refused(cloud, "InvalidImageId.NotFound", operation="RunInstances"):
        machine(partner, image=image)
    with refused(cloud, "InvalidImageId.NotFound", operation="ReplaceSystemDisk"):
        partner.replace_system_disk(other, image)
    partner.start_instance(web)
    assert cloud.instance(web).status == "Running"


def test_unsharing_one_account_leaves_the_others(cloud, acme, partner):
    """SHARE-9."""
    image, third = golden_image(acme), cloud.account("third")
    acme.share_image(image, with_accounts=[partner, third])
    acme.unshare_image(image, from_accounts=[partner])
    machine(third, image=image)
    machine(acme, image=image)


def test_a_receivers_own_image_outlives_the_sharing(cloud, acme, partner):
    """SHARE-7: it owns that one fully."""
    image = golden_image(acme)
    acme.share_image(image, with_accounts=[partner])
    own = partner.create_image(machine(partner, image=image))
    acme.unshare_image(image, from_accounts=[partner])
    acme.delete_image(image, force=True)
    machine(partner, image=own)


def test_a_deprecated_image_is_not_shared_and_a_shared_one_not_deprecated(cloud, acme, partner):
    """STATUS-4, SHARE-10 (G: ModifyImageAttribute.Status)."""
    image = golden_image(acme)
    acme.share_image(image, with_accounts=[partner])
    with refused(cloud, "ImageUseShared", operation="ModifyImageAttribute"):
        acme.modify_image(image, status="Deprecated")
    acme.unshare_image(image, from_accounts=[partner])
    acme.modify_image(image, status="Deprecated")
    with refused(cloud, "OperationDenied.InvalidImageStatus", operation="ModifyImageSharePermission"):
        acme.share_image(image, with_accounts=[partner])
    with refused(cloud, "IncorrectImageStatus", operation="CopyImage"):
        acme.copy_image(image, to=HANGZHOU)
    machine(acme, image=image)  # a deprecated image still makes instances
    acme.modify_image(image, status="Available")
    acme.copy_image(image, to=HANGZHOU)


# Community images ---------------------------------------------------------------------------------


def test_a_community_image_is_for_everybody_in_its_region(cloud, acme, partner):
    """COMM-1, COMM-2, TYPE-1 (G: ModifyImageSharePermission)."""
    image = golden_image(acme)
    acme.publish_image(image)
    machine(partner, image=image)
    with refused(cloud, "InvalidImageId.NotFound", operation="RunInstances"):
        machine(partner, image=image, region=HANGZHOU)
    with refused(cloud, "Image.Public", operation="ModifyImageSharePermission"):
        acme.share_image(image, with_accounts=[partner])
    with refused(cloud, "Image.Public", operation="ModifyImageSharePermission"):
        acme.publish_image(image)
    for account in (acme, partner):
        with refused(cloud, "OperationDenied.CommunityImage", operation="CopyImage"):
            account.copy_image(image, to=HANGZHOU)


def test_unpublishing_makes_an_ordinary_image_that_earlier_receivers_keep(cloud, acme, partner):
    """COMM-1 (W: publish-a-community-image 2022)."""
    image, third = golden_image(acme), cloud.account("third")
    acme.share_image(image, with_accounts=[partner])
    acme.publish_image(image)
    web = machine(third, image=image)
    acme.unpublish_image(image)
    machine(partner, image=image)
    third.stop_instance(web)
    for command in (lambda: machine(third, image=image), lambda: third.reinit_disk(web)):
        with refused(cloud, "InvalidImageId.NotFound"):
            command()
    with refused(cloud, "Image.NotPublic", operation="ModifyImageSharePermission"):
        acme.unpublish_image(image)


def test_only_an_available_plain_image_is_published(cloud, acme):
    """COMM-1."""
    old, plain = golden_image(acme), golden_image(acme)
    acme.modify_image(old, status="Deprecated")
    with refused(cloud, "OperationDenied.InvalidImageStatus", operation="ModifyImageSharePermission"):
        acme.publish_image(old)
    encrypted = acme.copy_image(plain, to=HANGZHOU, encrypted=True, kms_key="key-1")
    with refused(cloud, "OperationDeined.EncryptedSnapshot", operation="ModifyImageSharePermission"):
        acme.publish_image(encrypted)
